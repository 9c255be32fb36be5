import type { z } from 'zod'
import { type FieldError, InvalidRequestError } from './errors.ts'

/** Parameters of list and search that a backup does not have: all that matches is taken, whole. */
const SEARCH_ONLY = ['limit', 'offset', 'sorts', 'partial', 'returns']

/** Reads a request's parameters, or throws `InvalidRequestError` naming every field that is wrong. */
export const parseParameters = <Shape extends z.core.$ZodLooseShape>(
  schema: z.ZodObject<Shape, z.core.$strict>,
  input: Readonly<Record<string, unknown>>,
): z.output<z.ZodObject<Shape, z.core.$strict>> => {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const allowed = Object.keys(schema.shape)
  throw new InvalidRequestError(parsed.error.issues.flatMap((issue) => fieldErrors(issue, allowed)))
}

const fieldErrors = (issue: z.core.$ZodIssue, allowed: readonly string[]): FieldError[] => {
  if (issue.code !== 'unrecognized_keys') return [{ field: fieldName(issue.path), message: issue.message }]
  return issue.keys.map((key) =>
    issue.path.length > 0
      ? { field: fieldName([...issue.path, key]), message: 'unknown member' }
      : { field: key, message: whyRefused(key, allowed) },
  )
}

const fieldName = (path: readonly PropertyKey[]): string => {
  // A list's parameter is named once, whichever of its values is wrong.
  const names = path.filter((step) => typeof step !== 'number').map(String)
  return names.length === 0 ? 'body' : names.join('.')
}

const whyRefused = (name: string, allowed: readonly string[]): string => {
  if (allowed.includes('cursor')) return unknownParameter(allowed)
  if (SEARCH_ONLY.includes(name))
    return 'belongs to search: a backup takes all that matches, whole and in its own order'
  return unknownParameter(allowed)
}

const unknownParameter = (allowed: readonly string[]): string =>
  allowed.length === 0 ? 'unknown parameter: there are none here' : `unknown parameter; allowed: ${allowed.join(', ')}`
