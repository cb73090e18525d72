import { metricsText } from "./prometheus.ts";
import { operation, part, type Operation } from "./operation.ts";

/** The trash, what is wrong, what happens, and work under way. */
export const upkeepOperations: readonly Operation[] = [
  operation({
    id: "listRemoved",
    method: "GET",
    path: "/v1/removed",
    doc: "Volumes that were removed and are still kept, oldest first.",
    role: "viewer",
    reply: "RemovedList",
    run: ({ verbs }) => ({ json: verbs.removed() }),
  }),
  operation({
    id: "bringBack",
    method: "POST",
    path: "/v1/removed/{id}/bring-back",
    doc: "Makes a removed volume a volume again.",
    role: "operator",
    body: { name: { type: "string", doc: "Its name from now on; the one it had where left out." } },
    reply: "Volume",
    run: async ({ verbs }, call) => ({ json: await verbs.bringBack(part(call, "id"), { name: call.body.name }) }),
  }),
  operation({
    id: "purgeRemoved",
    method: "DELETE",
    path: "/v1/removed/{id}",
    doc: "Deletes a removed volume for good.",
    role: "admin",
    reply: "None",
    run: async ({ verbs }, call) => {
      await verbs.purge(part(call, "id"));
      return { json: undefined, status: 204 };
    },
  }),
  operation({
    id: "check",
    method: "POST",
    path: "/v1/check",
    doc: "Compares records, disk and kernel, and changes nothing; an empty list says that all is well.",
    role: "viewer",
    reply: "FindingList",
    run: async ({ verbs }) => ({ json: await verbs.check() }),
  }),
  operation({
    id: "gc",
    method: "POST",
    path: "/v1/gc",
    doc: "Finds what belongs to no volume; with `apply` it is taken away.",
    role: "admin",
    body: { apply: { type: "boolean", default: false, doc: "Take it away." } },
    reply: "FindingList",
    run: async ({ verbs }, { body }) => ({ json: await verbs.gc({ apply: body.apply }) }),
  }),
  operation({
    id: "events",
    method: "GET",
    path: "/v1/events",
    doc: "All changes from now on, as server-sent events.",
    role: "viewer",
    reply: "Events",
    run: ({ verbs, closing }, { gone }) => ({ events: verbs.events({ signal: AbortSignal.any([gone, closing]) }) }),
  }),
  operation({
    id: "listOperations",
    method: "GET",
    path: "/v1/operations",
    doc: "Long work that is running, and what ended lately.",
    role: "viewer",
    reply: "OperationList",
    run: ({ jobs }) => ({ json: jobs.list() }),
  }),
  operation({
    id: "inspectOperation",
    method: "GET",
    path: "/v1/operations/{id}",
    doc: "One piece of long work.",
    role: "viewer",
    reply: "Operation",
    run: ({ jobs }, call) => ({ json: jobs.find(part(call, "id")) }),
  }),
  operation({
    id: "watchOperation",
    method: "GET",
    path: "/v1/operations/{id}/events",
    doc: "One piece of long work as server-sent events, until it has ended.",
    role: "viewer",
    reply: "Events",
    run: ({ jobs, closing }, call) => {
      const id = part(call, "id");
      jobs.find(id);
      return { events: jobs.watch(id, AbortSignal.any([call.gone, closing])) };
    },
  }),
  operation({
    id: "metrics",
    method: "GET",
    path: "/metrics",
    doc: "Figures for Prometheus.",
    role: "viewer",
    reply: "Metrics",
    run: (house) => ({ text: metricsText(house), contentType: "text/plain; version=0.0.4; charset=utf-8" }),
  }),
];
