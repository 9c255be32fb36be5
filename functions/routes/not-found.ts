import { route } from '../handlers/route.ts'
import { MethodNotAllowedError, NotFoundError } from '../http/errors.ts'
import { ROUTES } from '../routes.ts'

/** Handles all requests that match no route. Responds with 405 if the path exists with other methods, else with 404. */
export const handler = route(
  ({ method, path }) => ({ method, path }),
  ({ method, path }) => {
    const allow = new Set(ROUTES.filter((row) => matches(row.path, path)).flatMap(({ methods }) => methods))
    const isAllowed = [...allow].some((allowed) => allowed === method)
    if (allow.size > 0 && !isAllowed) throw new MethodNotAllowedError(method, path, [...allow])
    throw new NotFoundError(path, adviceFor(path))
  },
)

/** Returns what to request instead of a path that is not a route. */
const adviceFor = (path: string): string => {
  const segments = path.split('/').slice(1)
  const shortened = `/${segments.filter((segment) => segment !== '').join('/')}`
  if (shortened === PAGE_FOLDER) return 'the page is /_backup'
  const paths = [...new Set(ROUTES.map((row) => row.path))]
  const rejected = segments.every(isAccepted) ? undefined : paths.find((pattern) => matches(pattern, path))
  if (rejected !== undefined)
    return `${parametersIn(rejected)} in ${rejected} is too long, or is not valid percent-encoded UTF-8`
  // A client may have inserted an empty variable into the path. If the last segment is empty, it is a slash at the end.
  const incomplete = path.endsWith('/') ? undefined : paths.find((pattern) => matches(pattern, path, 'or empty'))
  if (incomplete !== undefined && shortened !== path)
    return `${emptyIn(incomplete, segments)} is empty in ${incomplete}`
  if (shortened === path || !paths.some((pattern) => matches(pattern, shortened)))
    return `the routes are: ${paths.join(', ')}`
  return path.replace(/\/+$/, '') === shortened
    ? `remove the slash at its end: ${shortened}`
    : `remove the superfluous slashes: ${shortened}`
}

/** The folder of the files of the page. The folder itself is no route. */
const PAGE_FOLDER = '/_backup/ui'

/** The longest parameter that the router of the local program accepts. Names and ids of this API are much shorter. */
const MAX_SEGMENT = 1024

/** Returns false if a segment is too long, badly encoded or empty, so that no route accepts it as a parameter. */
const isAccepted = (segment: string): boolean => {
  try {
    return segment.length <= MAX_SEGMENT && decodeURIComponent(segment) !== ''
  } catch {
    return false
  }
}

const parametersIn = (pattern: string): string => (pattern.match(/\{\w+\}/g) ?? []).join(', ')

const emptyIn = (pattern: string, segments: readonly string[]): string =>
  pattern
    .split('/')
    .slice(1)
    .filter((_, index) => segments[index] === '')
    .join(', ')

const matches = (pattern: string, path: string, parameters: 'not empty' | 'or empty' = 'not empty'): boolean => {
  const expected = pattern.split('/')
  const segments = path.split('/')
  const accepts = (text: string, segment: string | undefined): boolean =>
    text === segment || (text.startsWith('{') && (parameters === 'or empty' || segment !== ''))
  return expected.length === segments.length && expected.every((text, index) => accepts(text, segments[index]))
}
