import * as z from 'zod'
import { isMap } from './payload.ts'

/**
 * The paths at which the payloads of a model contain references to blobs (`STORE.md`). An empty list means that the
 * payloads contain no references. Undefined means that references are recognized by their shape.
 */
export type BlobPaths = readonly string[] | undefined

/**
 * The largest number of paths of a model, and of steps of a path. These limits bound the time to search one payload.
 */
const MAX_PATHS = 100
const MAX_STEPS = 32

/** Matches a step of a path: a name, which may end with `[]`, or a wildcard. */
const STEP = /^(?:[^[\]*]+(?:\[\])*|\*{1,2})$/

const isPath = (path: string): boolean => {
  const steps = path.split('.')
  return steps.length <= MAX_STEPS && steps.every((step) => STEP.test(step))
}

/** The member `blobs` of a model in the registry, and `blob_paths` in a manifest. */
export const BlobPathList = z
  .array(
    z.string().refine(isPath, {
      error: ({ input }) =>
        `${JSON.stringify(input)} is not a path: at most ${MAX_STEPS} names, * or **, separated by dots;` +
        ' a name may end with []',
    }),
  )
  .max(MAX_PATHS)
  .readonly()

/** The steps of a path that remain after the path has led to a value. */
type Position = readonly string[]

/** A value of a payload that has not been visited yet, and the position in each path that leads to the value. */
interface Visit {
  readonly value: unknown
  readonly positions: readonly Position[]
}

/**
 * Returns the file ids at the given paths of a decoded payload. A file id is found if the value at the end of a path is
 * a map whose member `file_id` is a string that is not empty. The map may have any other members.
 */
export const fileIdsAt = (payload: unknown, paths: readonly string[]): string[] => {
  const found: string[] = []
  const start = paths.map((path) => path.replaceAll('[]', '').split('.'))
  // Recursion would fail, because payloads can be nested deeper than the call stack allows.
  const stack: Visit[] = [{ value: payload, positions: withSkippedWildcards(start) }]
  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    const { value, positions } = visit
    if (Array.isArray(value)) {
      // A path continues in each element of a list. A step `*` matches an element too, but is optional there.
      const inElements = withSkippedWildcards(
        positions.flatMap((steps) => (steps[0] === '*' ? [steps, steps.slice(1)] : [steps])),
      )
      for (const inner of value) stack.push({ value: inner, positions: inElements })
    } else if (isMap(value)) {
      const { file_id } = value
      if (typeof file_id === 'string' && file_id !== '' && positions.some((steps) => steps.length === 0))
        found.push(file_id)
      else
        for (const [name, inner] of Object.entries(value)) {
          const next = positions.flatMap((steps) => stepInto(steps, name))
          if (next.length > 0) stack.push({ value: inner, positions: withSkippedWildcards(next) })
        }
    }
  }
  return found
}

/**
 * Returns the position after a step into the member `name` of a map. Returns an empty list if the path does not lead to
 * this member.
 */
const stepInto = (steps: Position, name: string): Position[] => {
  const [step] = steps
  if (step === '**') return [steps]
  return step === '*' || step === name ? [steps.slice(1)] : []
}

/**
 * A `**` can also match no step. For each position that begins with `**`, adds the position after the `**`. Returns the
 * positions without duplicates.
 */
const withSkippedWildcards = (positions: readonly Position[]): Position[] => {
  const distinct = new Map<string, Position>()
  for (const position of positions)
    for (let steps = position; ; steps = steps.slice(1)) {
      distinct.set(steps.join('.'), steps)
      if (steps[0] !== '**') break
    }
  return [...distinct.values()]
}
