/**
 * The headers that S3 stores with an object and returns with every GET, except its content type and its user metadata.
 * A header that the object does not have is absent. Header values are Latin-1: each character is one byte.
 */
export interface ObjectHeaders {
  readonly cache_control?: string
  readonly content_disposition?: string
  readonly content_encoding?: string
  readonly content_language?: string
  /** S3 stores any text, so this is not always a time. */
  readonly expires?: string
}

/** The names of the members of `ObjectHeaders`. */
export const OBJECT_HEADERS = [
  'cache_control',
  'content_disposition',
  'content_encoding',
  'content_language',
  'expires',
] as const satisfies readonly (keyof ObjectHeaders)[]

/** Returns the headers without those that are undefined or empty. An empty header has no meaning. */
export const presentHeaders = (headers: {
  readonly [Name in keyof ObjectHeaders]?: string | undefined
}): ObjectHeaders =>
  Object.fromEntries(
    OBJECT_HEADERS.flatMap((name) => {
      const value = headers[name]
      return value === undefined || value === '' ? [] : [[name, value]]
    }),
  )
