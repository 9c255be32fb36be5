import type { Context } from 'aws-lambda'
import createRouter from 'find-my-way'
import type { HttpEvent } from '../../../functions/http/http-request.ts'
import type { HttpResult } from '../../../functions/http/answer.ts'
import { DEFAULT_ROUTE, type Route } from '../../../functions/routes.ts'

/** The handler of a route, with the signature that Lambda calls. */
export type LocalHandler = (event: HttpEvent, context: Context) => Promise<HttpResult>

/** Loads the handler of a route from its file. The path of the file is relative to `functions/`. */
export type LoadHandler = (file: string) => Promise<LocalHandler>

export const loadFromSource: LoadHandler = async (file) => {
  // Test runners can resolve a dynamic import only if every variable in it stands for one segment of the path.
  const [folder, name] = file.replace(/\.ts$/, '').split('/')
  const module = (await import(`../../../functions/${folder}/${name}.ts`)) as { readonly handler: LocalHandler }
  return module.handler
}

/** The route of a request, and the values of its path parameters. */
interface Match {
  readonly handler: LocalHandler
  readonly routeKey: string
  readonly params: Readonly<Record<string, string | undefined>>
}
export type FindRoute = (method: string, path: string) => Match

/**
 * Returns a function that finds the route of a request. Like API Gateway, it prefers literal segments to parameters, and
 * accepts no empty parameter. If no route matches, it returns the route `$default`.
 */
export const createRouteFinder = async (routes: readonly Route[], load: LoadHandler): Promise<FindRoute> => {
  const router = createRouter({ maxParamLength: 1024 })
  // The router can store only functions, so each route has a function that is never called. `targets` maps it to the
  // route.
  const targets = new Map<unknown, Omit<Match, 'params'>>()
  for (const { methods, path, file } of routes) {
    const handler = await load(file)
    for (const method of methods) {
      const key = (): undefined => undefined
      targets.set(key, { handler, routeKey: `${method} ${path}` })
      router.on(method, path.replaceAll(/\{(\w+)\}/g, ':$1'), key)
    }
  }
  const defaultMatch: Match = { handler: await load(DEFAULT_ROUTE.file), routeKey: '$default', params: {} }
  return (method, path) => {
    const known = routes.flatMap(({ methods }) => methods).find((one) => one === method)
    const found = known === undefined ? null : router.find(known, path)
    const target = targets.get(found?.handler)
    if (found === null || target === undefined || Object.values(found.params).includes('')) return defaultMatch
    return { ...target, params: found.params }
  }
}
