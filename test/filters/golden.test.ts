import { describe, expect, it } from 'vitest'
import { problemOf } from '../../shared/problems/problem.ts'
import { DIFFERENCES } from './differences.ts'
import { catalogue, goldenVectors, matchingIds, type Vector } from './golden.ts'

const vectors = await goldenVectors()
const decoded = ({ request }: Vector): string => decodeURIComponent(request)
const isDifferent = (vector: Vector): boolean => DIFFERENCES.some(({ request }) => request === decoded(vector))
const groups = Map.groupBy(
  vectors.filter((vector) => !isDifferent(vector)),
  ({ group }) => group,
)

/** The ids of the matching resources, or the status of the error and the parameters that it names. */
const resultOf = (vector: Vector, resources: Awaited<ReturnType<typeof catalogue>>): unknown => {
  try {
    return matchingIds(vector, resources)
  } catch (error) {
    const { status, errors } = problemOf(error)
    return { rejected: status, fields: errors?.map(({ field }) => field) }
  }
}

const namesIn = ({ request }: Vector): string[] => [...new URLSearchParams(request).keys()]

/**
 * Filters that cannot be combined with `qb` get 422, everything else gets 400. SpecStar also uses 422 for wrong types.
 */
const isExpectedError = (result: unknown, vector: Vector): boolean => {
  const { rejected, fields } = result as { rejected?: number; fields?: string[] }
  const status = vector.group === 'qb beside others' ? 422 : 400
  return (
    rejected === status && fields?.length !== 0 && fields?.every((field) => namesIn(vector).includes(field)) === true
  )
}

describe('filters match the same resources as in SpecStar 0.12.3', async () => {
  const stored = await catalogue(false)

  it.each([...groups])('in requests of the group %s', (_group, members) => {
    const wrong = members.flatMap((vector) => {
      const ours = resultOf(vector, stored)
      const isSame =
        vector.status === 200
          ? JSON.stringify(ours) === JSON.stringify(vector.ids?.toSorted())
          : isExpectedError(ours, vector)
      return isSame ? [] : [{ request: decoded(vector), ours, specstar: vector.ids ?? vector.error }]
    })
    expect(wrong).toEqual([])
  })

  it('after an import from an archive of version 2, which keeps instants and loses offsets', async () => {
    const imported = await catalogue(true)
    const wrong = vectors.flatMap((vector) => {
      const ids = vector.differs?.['imported-memory']?.ids ?? vector.ids
      if (ids === undefined || isDifferent(vector)) return []
      const ours = resultOf(vector, imported)
      return JSON.stringify(ours) === JSON.stringify(ids.toSorted()) ? [] : [{ request: decoded(vector), ours }]
    })
    expect(wrong).toEqual([])
    expect(vectors.some(({ differs }) => differs?.['imported-memory'] !== undefined)).toBe(true)
  })

  it('except for the differences in DIFFERENCES', () => {
    for (const { request, ours } of DIFFERENCES) {
      const vector = vectors.find((candidate) => decoded(candidate) === request)
      expect(vector, request).toBeDefined()
      if (vector === undefined) continue
      const result = resultOf(vector, stored)
      const actual = Array.isArray(result)
        ? result.length
        : (result as { rejected: number }).rejected === 400 && 'rejected'
      expect({ request, ours: actual }).toEqual({ request, ours })
      expect(ours === vector.ids?.length, `${request} is not a difference`).toBe(false)
    }
  })
})
