const UUID = /^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$/

/** Returns true if the string is a UUID in its usual form, for example `00000000-0000-4000-8000-000000000001`. */
export const isUuid = (text: string): boolean => UUID.test(text)
