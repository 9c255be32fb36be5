import type * as z from 'zod'
import { schemaMessage } from '../values/schema-messages.ts'
import { type FieldError, InvalidRequestError } from './errors.ts'

/** Parameters of SpecStar's list and search routes that exports and restores do not have. */
const SEARCH_ONLY = ['limit', 'offset', 'sorts', 'partial', 'returns']

/** Parses the parameters of a request. Throws `InvalidRequestError` with all invalid fields. */
export const parseParameters = <Shape extends z.core.$ZodLooseShape>(
  schema: z.ZodObject<Shape, z.core.$strict>,
  input: Readonly<Record<string, unknown>>,
): z.output<z.ZodObject<Shape, z.core.$strict>> => {
  const parsed = schema.safeParse(input, { error: schemaMessage })
  if (parsed.success) return parsed.data
  const allowed = Object.keys(schema.shape)
  throw new InvalidRequestError(parsed.error.issues.flatMap((issue) => fieldErrors(issue, allowed)))
}

const fieldErrors = (issue: z.core.$ZodIssue, allowed: readonly string[]): FieldError[] => {
  if (issue.code !== 'unrecognized_keys') return [{ field: fieldName(issue.path), message: issue.message }]
  return issue.keys.map((key) =>
    issue.path.length > 0
      ? { field: fieldName([...issue.path, key]), message: `unknown member of \`${fieldName(issue.path)}\`` }
      : { field: key, message: explainUnknown(key, allowed) },
  )
}

const fieldName = (path: readonly PropertyKey[]): string => {
  // If a value of a list is invalid, the field is the name of the parameter, without the index of the value.
  const names = path.filter((step) => typeof step !== 'number').map(String)
  return names.length === 0 ? 'body' : names.join('.')
}

const explainUnknown = (name: string, allowed: readonly string[]): string => {
  if (allowed.length === 0) return 'unknown parameter: this route accepts no parameters'
  // Only exports and restores have filters.
  if (allowed.includes('conditions') && SEARCH_ONLY.includes(name))
    return (
      "is a parameter of SpecStar's list and search routes only; " +
      'exports and restores always process all matching resources completely, in their own order'
    )
  return `unknown parameter; allowed: ${allowed.join(', ')}`
}
