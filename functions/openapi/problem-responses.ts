import { PROBLEMS_OF_ALL_ROUTES } from './api-info.ts'
import { headerObjects } from './header-objects.ts'
import type { Operation } from './operation.ts'
import { PROBLEM_TYPES } from './problem-schemas.ts'
import type { JsonObject, SchemaConverter } from './schema-converter.ts'

/** The statuses with which API Gateway itself may respond, with a message. */
const GATEWAY_STATUSES = [403, 429, 500, 503]
const RETRY_AFTER = { 'retry-after': 'The number of seconds after which the request may be repeated' }
/** Responses with these statuses have the header `retry-after`. */
const RETRY_STATUSES = [429, 503]

/** Returns the responses of an operation with problems, by status. */
export const problemResponses = (
  { problems = [], path, specStarProblems }: Operation,
  outputs: SchemaConverter,
): JsonObject => {
  const names = new Set([...PROBLEMS_OF_ALL_ROUTES, ...(path === undefined ? [] : ['not-found']), ...problems])
  const types = [...names].map((name) => {
    const found = PROBLEM_TYPES.get(name)
    if (found === undefined) throw new Error(`there is no problem type ${name}`)
    return found
  })
  const byStatus = Map.groupBy(types, ({ status }) => status)
  const statuses = [...new Set([...byStatus.keys(), ...GATEWAY_STATUSES])].sort((a, b) => a - b)
  return Object.fromEntries(
    statuses.map((status) => {
      const own = byStatus.get(status) ?? []
      const json = [
        ...(GATEWAY_STATUSES.includes(status) ? [outputs.get('gateway')] : []),
        ...(specStarProblems === true ? [outputs.get('specstar')] : []),
      ]
      return [
        status.toString(),
        {
          description: [
            ...own.map(({ type }) => `\`${type}\``),
            ...(GATEWAY_STATUSES.includes(status) ? ['a message of API Gateway'] : []),
          ].join(', '),
          ...(RETRY_STATUSES.includes(status) ? { headers: headerObjects(RETRY_AFTER) } : {}),
          content: {
            ...(own.length === 0
              ? {}
              : { 'application/problem+json': { schema: anyOf(own.map(({ type }) => outputs.get(type))) } }),
            ...(json.length === 0 ? {} : { 'application/json': { schema: anyOf(json) } }),
          },
        },
      ]
    }),
  )
}

const anyOf = (schemas: readonly JsonObject[]): JsonObject =>
  schemas.length === 1 && schemas[0] !== undefined ? schemas[0] : { anyOf: schemas }
