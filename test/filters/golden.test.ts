import { describe, expect, it } from 'vitest'
import { problemOf } from '../../shared/problems/problem.ts'
import { DIFFERENCES } from './differences.ts'
import { catalogue, goldenVectors, taken, type Vector } from './golden.ts'

const vectors = await goldenVectors()
const decoded = ({ request }: Vector): string => decodeURIComponent(request)
const isDifferent = (vector: Vector): boolean => DIFFERENCES.some(({ request }) => request === decoded(vector))
const groups = Map.groupBy(
  vectors.filter((vector) => !isDifferent(vector)),
  ({ group }) => group,
)

/** What is answered: the ids, or the parameters that an error names. */
const answerTo = (vector: Vector, resources: Awaited<ReturnType<typeof catalogue>>): unknown => {
  try {
    return taken(vector, resources)
  } catch (error) {
    const { status, errors } = problemOf(error)
    return { refused: status, fields: errors?.map(({ field }) => field) }
  }
}

const namesIn = ({ request }: Vector): string[] => [...new URLSearchParams(request).keys()]

/** SpecStar says 400 to what cannot be read and 422 to what stands beside `qb`; its 422 of types are 400 here. */
const isRefusal = (answer: unknown, vector: Vector): boolean => {
  const { refused, fields } = answer as { refused?: number; fields?: string[] }
  const status = vector.group === 'qb beside others' ? 422 : 400
  return (
    refused === status && fields?.length !== 0 && fields?.every((field) => namesIn(vector).includes(field)) === true
  )
}

describe('the filters answer as SpecStar 0.12.3 does', async () => {
  const kept = await catalogue(false)

  it.each([...groups])('to %s', (_group, members) => {
    const wrong = members.flatMap((vector) => {
      const ours = answerTo(vector, kept)
      const isSame =
        vector.status === 200
          ? JSON.stringify(ours) === JSON.stringify(vector.ids?.toSorted())
          : isRefusal(ours, vector)
      return isSame ? [] : [{ request: decoded(vector), ours, specstar: vector.ids ?? vector.error }]
    })
    expect(wrong).toEqual([])
  })

  it('after a way through an archive too, which keeps instants and loses offsets', async () => {
    const imported = await catalogue(true)
    const wrong = vectors.flatMap((vector) => {
      const ids = vector.differs?.['imported-memory']?.ids ?? vector.ids
      if (ids === undefined || isDifferent(vector)) return []
      const ours = answerTo(vector, imported)
      return JSON.stringify(ours) === JSON.stringify(ids.toSorted()) ? [] : [{ request: decoded(vector), ours }]
    })
    expect(wrong).toEqual([])
    expect(vectors.some(({ differs }) => differs?.['imported-memory'] !== undefined)).toBe(true)
  })

  it('but for the differences that are listed, each as it is listed', () => {
    for (const { request, ours } of DIFFERENCES) {
      const vector = vectors.find((one) => decoded(one) === request)
      expect(vector, request).toBeDefined()
      if (vector === undefined) continue
      const answer = answerTo(vector, kept)
      const said = Array.isArray(answer) ? answer.length : (answer as { refused: number }).refused === 400 && 'refused'
      expect({ request, said }).toEqual({ request, said: ours })
      expect(ours === vector.ids?.length, `${request} is no difference`).toBe(false)
    }
  })
})
