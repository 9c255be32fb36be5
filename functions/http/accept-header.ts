import type { HttpRequest } from './http-request.ts'

/** The media type of an archive. */
const ARCHIVE_TYPE = 'application/octet-stream'
const JSON_TYPE = 'application/json'

/**
 * Returns true if the header `Accept` requests an archive instead of JSON: it contains `application/octet-stream`, and
 * does not contain `application/json` with the same or a higher weight. Ranges with `*` request JSON.
 */
export const acceptsArchive = ({ headers }: Pick<HttpRequest, 'headers'>): boolean => {
  const weights = weightsOf(headers['accept'] ?? '')
  const weight = weights.get(ARCHIVE_TYPE) ?? 0
  return weight > 0 && weight > (weights.get(JSON_TYPE) ?? 0)
}

/** Returns the weights of the media types in an `Accept` header. Ignores other parameters than `q`. */
const weightsOf = (accept: string): ReadonlyMap<string, number> =>
  new Map(
    accept.split(',').map((element) => {
      const [type = '', ...parameters] = element.split(';').map((part) => part.trim().toLowerCase())
      const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
      const weight = q === undefined ? 1 : Number(q)
      return [type, Number.isNaN(weight) ? 0 : weight]
    }),
  )
