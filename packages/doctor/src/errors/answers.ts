// A plugin is reached, and its answer is missing, late or not understood.
import type { ErrorEntry } from "./error-entry.ts";

/** The errors of this theme. */
export const answerErrors: readonly ErrorEntry[] = [
  {
    id: "plugin-says",
    pattern:
      /\b(?<method>(?:VolumeDriver|NetworkDriver|IpamDriver|LogDriver|AuthZPlugin|SecretProvider|GraphDriver|Plugin)\.[A-Z]\w+): (?<text>[^\n]*)/,
    examples: ["Error response from daemon: create data: VolumeDriver.Create: the disk is full"],
    means: "The plugin itself answered {method} with this error: {text}",
    why: "The engine passes a plugin's words on as they are, behind the name of the call.",
    remedy:
      "Look at the plugin's own log and documentation. To repeat the call alone: `outrigger call NAME {method} '{...}'`.",
    source: "moby/moby pkg/plugins/client.go",
    wraps: true,
  },
  {
    id: "connection-lost",
    pattern:
      /Post "?https?:\/\/[^\s"]*\/(?<method>\w+\.\w+)"?: (?:EOF|unexpected EOF|(?:read|write)[^\n]*(?:connection reset by peer|broken pipe))/,
    examples: [
      'Error response from daemon: create data: Post "http://%2Frun%2Fdocker%2Fplugins%2Fshelf.sock/VolumeDriver.Create": EOF',
      'Post "http://%2Frun%2Fdocker%2Fplugins%2Fshelf.sock/VolumeDriver.Mount": read unix @->/run/docker/plugins/shelf.sock: read: connection reset by peer',
    ],
    means: "The plugin closed the connection in the middle of {method}, without an answer.",
    why: "It crashed on this call, or was restarted. The engine repeats such a call, and then sends no body with it.",
    remedy:
      "Look at the end of the plugin's log. Whether the call had an effect is not known: look before you repeat it.",
    source: "moby/moby pkg/plugins/client.go",
  },
  {
    id: "empty-answer",
    pattern: /\b[A-Z]\w{1,40}\.[A-Z]\w{1,40}: EOF\b|(?<!"): EOF\s{0,9}$/m,
    examples: [
      "Error response from daemon: get data: VolumeDriver.Get: EOF",
      "Error response from daemon: create data: EOF",
    ],
    means: "The plugin answered 200 with an empty body; the engine needs a JSON object, if only `{}`.",
    why: "A handler that returns nothing, or a web framework that sends no body for null.",
    remedy: "Let the plugin answer `{}`; `outrigger inspect NAME` and `outrigger call` show what it sends.",
    source: "moby/moby pkg/plugins/client.go",
  },
  {
    id: "answer-not-json",
    pattern: /invalid character '(?<char>.{1,6})' (?:looking for beginning of value|after [^\n]{1,60}|in [^\n]{1,60})/,
    examples: [
      "Error response from daemon: create data: error looking up volume plugin shelf: invalid character '<' looking for beginning of value",
    ],
    means: "Something that should be JSON is not: the plugin's answer, its .json file, or daemon.json.",
    why: "`<` is the beginning of a web page: another server answers there. `}` is a comma too many in a file.",
    remedy:
      "`outrigger doctor` names file, line and column; for an answer, `outrigger inspect NAME` shows what arrives.",
    source: "moby/moby pkg/plugins/client.go, Go encoding/json",
  },
  {
    id: "answer-wrong-type",
    pattern:
      /json: cannot unmarshal (?<got>\w+) into Go (?:struct field (?<field>\S+)|value) of type (?!types\.PluginConfig)(?<wanted>\S+)/,
    examples: [
      "Error response from daemon: get data: json: cannot unmarshal array into Go struct field .Mountpoint of type string",
    ],
    means: "The plugin's answer has a {got} where the engine reads a {wanted}.",
    why: "The answer is JSON but not of the protocol's shape; one wrong field makes the whole answer void.",
    remedy: "Compare with docs/protocols; `outrigger call` checks an answer and names the field.",
    source: "moby/moby pkg/plugins/client.go, Go encoding/json",
  },
  {
    id: "answer-bad-time",
    pattern: /parsing time "?\\?"(?<time>[^"\\]*)\\?"? as /,
    examples: [
      'Error response from daemon: get data: parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"',
    ],
    means: 'The plugin gave "{time}" as CreatedAt, which is no time in RFC 3339.',
    why: "An empty text counts as a wrong time, and a volume with one counts as missing; in List it hides all volumes of the plugin.",
    remedy: "Let the plugin leave CreatedAt out, or write 2026-01-05T10:00:00Z.",
    source: "moby/moby daemon/volume/drivers/proxy.go, Go time",
  },
  {
    id: "not-implemented",
    pattern: /\b(?<method>[A-Z]\w{1,40}\.[A-Z]\w{1,40}): (?:404 page not found|Not Found|Cannot POST)/,
    examples: ["Error response from daemon: create data: VolumeDriver.Create: 404 page not found"],
    means: "The plugin has no {method}.",
    why: "Its handshake promises a protocol of which it lacks a call; or it serves below a path, and the engine calls at the root only.",
    remedy: "Let the plugin implement {method}, and serve it at /{method}; a path in a .spec file's URL is dropped.",
    source: "moby/moby pkg/plugins/client.go",
  },
  {
    id: "deadline",
    pattern:
      /Post "?https?:\/\/[^\s"]*\/(?<method>\w+\.\w+)"?: (?:context deadline exceeded|net\/http: request canceled \(Client\.Timeout[^\n)]*\))/,
    examples: [
      "Error response from daemon: error while mounting volume '': Post \"http://%2Frun%2Fdocker%2Fplugins%2Fshelf.sock/VolumeDriver.Mount\": context deadline exceeded",
    ],
    means: "The plugin did not finish {method} in time.",
    why: "The engine waits 2 min for Create and Mount and 1 min for other volume calls; a managed plugin gets 30 s for everything unless it was enabled with another --timeout. The engine sends no Unmount after such a Mount.",
    remedy:
      "Let the plugin answer before the deadline and go on working afterwards. For a managed one: `docker plugin disable NAME`, then `docker plugin enable --timeout 0 NAME`.",
    source: "moby/moby daemon/volume/drivers/proxy.go, pkg/plugins/client.go",
  },
  {
    id: "stream-cut",
    pattern:
      /(?:error decoding log message|error getting log reader)[^\n]*(?:Client\.Timeout|context deadline exceeded)/,
    examples: [
      "error decoding log message: net/http: request canceled (Client.Timeout or context cancellation while reading body)",
    ],
    means: "`docker logs -f` through a managed log plugin was cut after its timeout.",
    why: "The timeout of `docker plugin enable`, 30 s unless told, counts for the whole stream.",
    remedy: "`docker plugin disable NAME`, then `docker plugin enable --timeout 0 NAME`.",
    source: "moby/moby daemon/logger/adapter.go, daemon/pkg/plugin/manager_linux.go",
  },
  {
    id: "not-http",
    pattern: /malformed HTTP (?:response|version|status code) \\?"(?<text>[^"\\]*)/,
    examples: ['net/http: HTTP/1.x transport connection broken: malformed HTTP response "220 mail ready"'],
    means: "What listens there does not speak HTTP; it said: {text}",
    why: "A file leads to the wrong port, or to a TLS port without https.",
    remedy: "Mend the address in the .spec or .json file; `outrigger ls` shows it.",
    source: "Go net/http",
  },
  {
    id: "tls-to-plain",
    pattern: /http: server gave HTTP response to HTTPS client/,
    examples: ['Post "https://db1:4000/Plugin.Activate": http: server gave HTTP response to HTTPS client'],
    means: "The file says https, and the plugin there speaks plain HTTP.",
    why: "The plugin was started without TLS.",
    remedy: "Give the plugin its certificate, or write tcp:// in the file.",
    source: "Go net/http",
  },
  {
    id: "plain-to-tls",
    pattern: /Client sent an HTTP request to an HTTPS server|malformed HTTP response "?\\?"?\\x15\\x03/,
    examples: ["Plugin.Activate: Client sent an HTTP request to an HTTPS server."],
    means: "The plugin expects TLS, and the engine was told to go there without.",
    why: "`tcp://` never uses TLS, also not with a TLSConfig beside it.",
    remedy: "Write https:// in the plugin's file.",
    source: "moby/moby pkg/plugins/client.go",
  },
  {
    id: "tls-unknown-authority",
    pattern: /x509: certificate signed by unknown authority/,
    examples: ['Post "https://db1:4000/Plugin.Activate": x509: certificate signed by unknown authority'],
    means: "The engine does not trust whoever signed the plugin's certificate.",
    why: "CAFile in the .json file is missing, or is another authority's.",
    remedy: "Name the right CAFile; `outrigger inspect NAME` shows who issued the certificate.",
    source: "docker/go-connections tlsconfig/config.go, Go crypto/x509",
  },
  {
    id: "tls-expired",
    pattern: /x509: certificate has expired or is not yet valid/,
    examples: [
      'Post "https://db1:4000/Plugin.Activate": x509: certificate has expired or is not yet valid: current time 2026-01-05T10:00:00Z is after 2025-12-31T00:00:00Z',
    ],
    means: "The plugin's certificate is out of its time.",
    why: "Nobody renewed it, or this machine's clock is wrong.",
    remedy: "Renew it, or set the clock; `outrigger doctor` warns two weeks before for the files that it sees.",
    source: "Go crypto/x509",
  },
  {
    id: "tls-wrong-name",
    pattern:
      /x509: (?:certificate is (?:not )?valid for|cannot validate certificate for|certificate relies on legacy Common Name)[^\n]*/,
    examples: [
      'Post "https://10.0.0.7:4000/Plugin.Activate": x509: cannot validate certificate for 10.0.0.7 because it doesn\'t contain any IP SANs',
      "x509: certificate is valid for db1, not db2",
    ],
    means: "The plugin's certificate is for another name than the one in the file.",
    why: "Names and addresses count only as subjectAltName; a common name does not.",
    remedy: "Write the name that the certificate has, or make it anew with a subjectAltName.",
    source: "Go crypto/x509",
  },
  {
    id: "tls-refused",
    pattern: /remote error: tls: (?<reason>[a-z ]+)/,
    examples: [
      'Post "https://db1:4000/Plugin.Activate": remote error: tls: certificate required',
      "remote error: tls: bad certificate",
    ],
    means: "The plugin refuses the engine's certificate, or wants one and gets none: {reason}.",
    why: "CertFile and KeyFile are missing in the .json file, or signed by an authority that the plugin does not trust.",
    remedy: "Name both, signed by the plugin's authority; a .spec file can name none, so write a .json file.",
    source: "moby/moby pkg/plugins/discovery.go, Go crypto/tls",
  },
  {
    id: "tls-files",
    pattern:
      /[Cc]ould not (?:load X509 key pair|read CA certificate)[^\n]*|tls: private key does not match public key|tls: failed to find any PEM data/,
    examples: [
      'could not read CA certificate "/etc/docker/plugins/ca.pem": open /etc/docker/plugins/ca.pem: no such file or directory',
    ],
    means: "A file that TLSConfig names cannot be used.",
    why: "It is missing, no PEM, encrypted, or the key belongs to another certificate. The engine reads these files at the first use.",
    remedy: "`outrigger doctor` says which file, and why.",
    source: "docker/go-connections tlsconfig/config.go",
  },
];
