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
    // If a route matches, API Gateway has rejected a parameter in the path, because it is too long or badly encoded.
    const withoutSlash = path.replace(/\/+$/, '')
    const isRoute = withoutSlash !== path && ROUTES.some((row) => matches(row.path, withoutSlash))
    const routes = [...new Set(ROUTES.map((row) => row.path))]
    throw new NotFoundError(
      path,
      isRoute ? `remove the slash at its end: ${withoutSlash}` : `the routes are: ${routes.join(', ')}`,
    )
  },
)

const matches = (pattern: string, path: string): boolean => {
  const expected = pattern.split('/')
  const segments = path.split('/')
  return (
    expected.length === segments.length &&
    expected.every((text, index) => text === segments[index] || (text.startsWith('{') && segments[index] !== ''))
  )
}
