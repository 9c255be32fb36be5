/** Returns true if the API is that of a local program, which accepts unsigned requests. */
export const isLocal = ({ endpoint }: { readonly endpoint: string }): boolean => isOnThisMachine(new URL(endpoint))

/**
 * Matches the names of this machine (RFC 6761), its loopback addresses, and the unspecified address, which connects to
 * this machine. `URL` has already changed each address to its normal form, for example `127.1` to `127.0.0.1`, and
 * `::ffff:127.0.0.1` to `::ffff:7f00:1`.
 */
const THIS_MACHINE = [
  /^(?:.+\.)?localhost\.?$/,
  /^(?:127\.\d+\.\d+\.\d+|0\.0\.0\.0)$/,
  /^\[::(?:1|ffff:(?:7f[\da-f]{2}:[\da-f]+|0:0))?\]$/,
]

/** Returns true for the URL of a server on this machine. */
export const isOnThisMachine = ({ hostname }: URL): boolean => THIS_MACHINE.some((names) => names.test(hostname))

/** Returns true for a URL whose data stays on this machine, or is encrypted. */
export const isPrivate = (url: URL): boolean => url.protocol === 'https:' || isOnThisMachine(url)
