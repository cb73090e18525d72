import { defineProtocol } from "./descriptor.ts";

const text = { type: "string", optional: true } as const;
const labels = { type: "map", of: { type: "string" }, optional: true } as const;

/** Secrets: values for swarm tasks, asked from the leading manager. */
export const secretProvider = defineProtocol({
  name: "secretprovider",
  managedType: "docker.secretprovider/1.0",
  errorKey: "Err",
  doc: "Gives swarm tasks the values of their secrets, once per task, from the leading manager. Failures reach nobody but the manager's debug log.",
  methods: {
    getSecret: {
      path: "SecretProvider.GetSecret",
      doc: "The value of a secret for one task. Runs inside a store transaction, so a slow answer holds tasks up.",
      request: {
        SecretName: { type: "string", nonEmpty: true, doc: "The secret's name." },
        SecretLabels: { ...labels, doc: "Labels of the secret." },
        ServiceHostname: { ...text, doc: "`--hostname` of the service, templates as written." },
        ServiceID: { ...text, doc: "The service." },
        ServiceName: { ...text, doc: "Its name." },
        ServiceLabels: { ...labels, doc: "Its labels." },
        TaskID: { ...text, doc: "The task." },
        TaskName: { ...text, doc: "`service.slot.task`." },
        TaskImage: { ...text, doc: "The task's image." },
        NodeID: { ...text, since: "19.03", doc: "The node the task goes to." },
        ServiceEndpointSpec: {
          type: "object",
          optional: true,
          fields: {
            Mode: { type: "integer", optional: true, doc: "0: virtual address; 1: DNS round robin." },
            Ports: {
              type: "list",
              of: {
                type: "object",
                fields: {
                  Name: { ...text, doc: "The port's name." },
                  Protocol: { type: "integer", optional: true, doc: "0: TCP; 1: UDP; 2: SCTP." },
                  TargetPort: { type: "integer", optional: true, doc: "Inside the container." },
                  PublishedPort: { type: "integer", optional: true, doc: "Outside." },
                  PublishMode: { type: "integer", optional: true, doc: "0: through the routing mesh; 1: on the host." },
                },
              },
              optional: true,
              doc: "Published ports.",
            },
          },
          doc: "How the service is reached.",
        },
      },
      reply: {
        Value: { type: "bytes", secret: true, doc: "1 to 511,999 bytes." },
        DoNotReuse: {
          type: "boolean",
          optional: true,
          since: "19.03",
          doc: "Give the task a copy of its own; without it the answer replaces the one copy on the node.",
        },
      },
      since: "17.07",
      source: "moby/moby vendor/github.com/moby/swarmkit/v2/manager/drivers/secrets.go",
    },
  },
});
