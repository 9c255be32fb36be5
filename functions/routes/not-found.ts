import { jsonRoute } from '../handlers/route.ts'
import { MethodNotAllowedError, NotFoundError } from '../http/errors.ts'
import { ROUTES } from '../routes.ts'

const matches = (pattern: string, path: string): boolean => {
  const wanted = pattern.split('/')
  const steps = path.split('/')
  return (
    wanted.length === steps.length &&
    wanted.every((step, k) => step === steps[k] || (step.startsWith('{') && steps[k] !== ''))
  )
}

/** What no route takes: another method's path (405), or no path at all (404). */
export const handler = jsonRoute(
  ({ method, path }) => ({ method, path }),
  ({ method, path }) => {
    const allow = [...new Set(ROUTES.filter((route) => matches(route.path, path)).flatMap(({ methods }) => methods))]
    // A path that has this method and came here all the same holds what no name can be: too long, or badly encoded.
    if (allow.length > 0 && !allow.some((one) => one === method)) throw new MethodNotAllowedError(method, path, allow)
    const routes = [...new Set(ROUTES.map((route) => route.path))]
    throw new NotFoundError(`there is no ${path}; the routes are: ${routes.join(', ')}`)
  },
)
