const LOCAL_HOSTS = ['127.0.0.1', 'localhost', '[::1]']

/** Returns true if the API is that of a local program, which accepts unsigned requests. */
export const isLocal = ({ endpoint }: { readonly endpoint: string }): boolean =>
  LOCAL_HOSTS.includes(new URL(endpoint).hostname)

/** Returns true for the URL of a server on this machine. */
export const isOnThisMachine = ({ hostname }: URL): boolean =>
  LOCAL_HOSTS.includes(hostname) || /^127\.\d+\.\d+\.\d+$/.test(hostname)

/** Returns true for a URL whose data stays on this machine, or is encrypted. */
export const isPrivate = (url: URL): boolean => url.protocol === 'https:' || isOnThisMachine(url)
