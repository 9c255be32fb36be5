import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { apiDocument } from '../../../functions/openapi/document.ts'
import type { LoadHandler } from '../../../infra/local/program/gateway-router.ts'

/** A response that a test has received. */
interface ReceivedAnswer {
  readonly status: number
  readonly contentType?: string | undefined
  /** The body as text. Empty if the response has no body. */
  readonly body: string
}

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
const validators = new Map<string, ValidateFunction>()

const validatorOf = (pointer: string): ValidateFunction => {
  if (validators.size === 0) ajv.addSchema(apiDocument(), 'api')
  const validate = validators.get(pointer) ?? ajv.compile({ $ref: `api#${pointer}` })
  validators.set(pointer, validate)
  return validate
}

const member = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (current, name) =>
      typeof current === 'object' && current !== null && Object.hasOwn(current, name)
        ? Reflect.get(current, name)
        : undefined,
    value,
  )

const pointerTo = (...path: readonly string[]): string =>
  path.map((name) => `/${encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')

/**
 * Throws if the OpenAPI document does not allow a response to a request of a route. `routeKey` is a route key such as
 * `GET /_backup/jobs`.
 */
export const checkAnswer = (routeKey: string, { status, contentType = '', body }: ReceivedAnswer): void => {
  const [method = '', path = ''] = routeKey.split(' ')
  const at = ['paths', path, method.toLowerCase(), 'responses', status.toString()]
  const response = member(apiDocument(), ...at)
  const about = `${routeKey} has responded with ${status}`
  if (response === undefined) throw new Error(`${about}, which the OpenAPI document does not contain`)
  // The response to a HEAD request has no body, but its headers may describe one.
  if (method === 'HEAD' || body === '') {
    if (method !== 'HEAD' && member(response, 'content') !== undefined) throw new Error(`${about} and without a body`)
    return
  }
  const mediaType = contentType.split(';')[0]?.trim() ?? ''
  const content = member(response, 'content', mediaType)
  if (content === undefined)
    throw new Error(`${about} and the content type ${mediaType}, which the OpenAPI document does not contain`)
  if (!mediaType.endsWith('json')) return
  const errors = errorsOf(pointerTo(...at, 'content', mediaType, 'schema'), JSON.parse(body))
  if (errors !== undefined)
    throw new Error(`${about} and a body that the OpenAPI document does not allow: ${errors}\n${body}`)
}

/** Throws if a value does not match a component of the document. */
export const checkComponent = (id: string, value: unknown): void => {
  const errors = errorsOf(pointerTo('components', 'schemas', id), value)
  if (errors !== undefined) throw new Error(`the value does not match ${id}: ${errors}`)
}

const errorsOf = (pointer: string, value: unknown): string | undefined => {
  const validate = validatorOf(pointer)
  if (validate(value)) return undefined
  return (validate.errors ?? [])
    .map(({ instancePath, message = '', params }) => [instancePath, message, JSON.stringify(params)].join(' '))
    .join('; ')
}

/** Finds the route key of a request. A literal segment takes precedence over a parameter. */
export const routeKeyOf = (method: string, url: string): string | undefined => {
  const segments = url.split('?')[0]?.split('/') ?? []
  const keys = Object.entries(apiDocument().paths).flatMap(([path, methods]) =>
    Object.hasOwn(methods, method.toLowerCase()) ? [`${method} ${path}`] : [],
  )
  const matching = keys.filter((key) => {
    const expected = key.slice(method.length + 1).split('/')
    return expected.length === segments.length && expected.every((s, i) => s.startsWith('{') || s === segments[i])
  })
  return matching.sort((a, b) => a.split('{').length - b.split('{').length)[0]
}

/** Returns a loader whose handlers check each of their responses with `checkAnswer`. */
export const checkedHandlers =
  (load: LoadHandler): LoadHandler =>
  async (file) => {
    const handler = await load(file)
    return async (event, context) => {
      const result = await handler(event, context)
      const { statusCode = 200, headers = {}, body = '' } = result
      const contentType = headers['content-type']
      if (event.routeKey !== '$default')
        checkAnswer(event.routeKey, {
          status: statusCode,
          contentType: contentType === undefined ? undefined : String(contentType),
          body,
        })
      return result
    }
  }
