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

/** Returns what to request instead of a path that is not a route, or whose parameter was rejected. */
const adviceFor = (path: string): string => {
  const paths = [...new Set(ROUTES.map((row) => row.path))]
  // The router has rejected the parameter, because it would otherwise have found the route.
  const rejected = paths.find((pattern) => matches(pattern, path))
  if (rejected !== undefined)
    return `${parameterIn(rejected)} in ${rejected} is too long, or is not valid percent-encoded UTF-8`
  const shortened = path.replace(/\/+/g, '/').replace(/\/$/, '')
  if (shortened === PAGE_FOLDER) return 'the page is /_backup'
  // A client may have inserted an empty variable into the path. If the last segment is empty, it is a slash at the end.
  const incomplete = path.endsWith('/') ? undefined : paths.find((pattern) => matches(pattern, path, 'or empty'))
  if (incomplete !== undefined) return `${parameterIn(incomplete)} in ${incomplete} is empty`
  if (shortened === path || !paths.some((pattern) => matches(pattern, shortened)))
    return `the routes are: ${paths.join(', ')}`
  return `remove the superfluous slash${path === `${shortened}/` ? ' at the end' : 'es'}: ${shortened}`
}

/** The folder of the files of the page. The folder itself is no route. */
const PAGE_FOLDER = '/_backup/ui'

/** Returns the parameter in the path of a route. A path has at most one. */
const parameterIn = (pattern: string): string => /\{\w+\}/.exec(pattern)?.[0] ?? ''

const matches = (pattern: string, path: string, parameters: 'not empty' | 'or empty' = 'not empty'): boolean => {
  const expected = pattern.split('/')
  const segments = path.split('/')
  const accepts = (text: string, segment: string | undefined): boolean =>
    text === segment || (text.startsWith('{') && (parameters === 'or empty' || segment !== ''))
  return expected.length === segments.length && expected.every((text, index) => accepts(text, segments[index]))
}
