/**
 * The headers that S3 stores with an object and returns in every GET response. The content type and the user metadata
 * are not included. If the object does not have a header, the member is absent. Each character of a value is one byte
 * (Latin-1).
 */
export interface ObjectHeaders {
  readonly cache_control?: string
  readonly content_disposition?: string
  readonly content_encoding?: string
  readonly content_language?: string
  /** This value need not be a time, because S3 accepts any string. */
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

/** Returns only the headers that are neither undefined nor empty, because an empty header has no meaning. */
export const presentHeaders = (headers: {
  readonly [Name in keyof ObjectHeaders]?: string | undefined
}): ObjectHeaders =>
  Object.fromEntries(
    OBJECT_HEADERS.flatMap((name) => {
      const value = headers[name]
      return value === undefined || value === '' ? [] : [[name, value]]
    }),
  )
