import * as z from 'zod'
import type { EventPattern } from '../../../functions/events.ts'

/** The members of an EventBridge event to which patterns refer. */
export interface LocalEvent {
  readonly source: string
  readonly 'detail-type': string
  readonly detail: object
}

/** Thrown if an event pattern contains a comparison that the local program does not support. */
export class EventPatternError extends Error {
  override readonly name = 'EventPatternError'
}

const Comparison = z.union([z.string(), z.strictObject({ prefix: z.string() }), z.strictObject({ suffix: z.string() })])
type Comparison = z.output<typeof Comparison>

/** A list of comparisons accepts a value if one of them does. An object compares each of its members. */
type Conditions = readonly Comparison[] | { readonly [member: string]: Conditions }
const Conditions: z.ZodType<Conditions> = z.lazy(() => z.union([z.array(Comparison), z.record(z.string(), Conditions)]))

const Members = z.record(z.string(), z.unknown())

/**
 * Returns a function that tests whether events match a pattern, as EventBridge does. Throws `EventPatternError` if the
 * pattern contains a comparison other than `prefix`, `suffix` and equal strings.
 */
export const patternMatcher = ({ source, detailType, detail }: EventPattern): ((event: LocalEvent) => boolean) => {
  const conditions = Conditions.safeParse({ source, 'detail-type': detailType, detail })
  if (!conditions.success)
    throw new EventPatternError(
      `the local program does not support the event pattern ${JSON.stringify(detail)}: ` +
        'use lists of strings, { prefix } and { suffix }, or extend infra/local/program/event-pattern.ts',
    )
  return (event) => matches(conditions.data, event)
}

const matches = (conditions: Conditions, value: unknown): boolean => {
  if (isList(conditions)) return conditions.some((comparison) => accepts(comparison, value))
  const members = Members.safeParse(value)
  return members.success && Object.entries(conditions).every(([name, inner]) => matches(inner, members.data[name]))
}

const isList = (conditions: Conditions): conditions is readonly Comparison[] => Array.isArray(conditions)

const accepts = (comparison: Comparison, value: unknown): boolean => {
  if (typeof value !== 'string') return false
  if (typeof comparison === 'string') return value === comparison
  return 'prefix' in comparison ? value.startsWith(comparison.prefix) : value.endsWith(comparison.suffix)
}
