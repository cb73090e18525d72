export { formatCall, showCall, type ShownCall } from "./call-line.ts";
