import { describe, expect, it } from 'vitest'
import { EXPORT_STAGES, RESTORE_STAGES } from '../../functions/stages.ts'
import { FLOORS } from './floors/floors.ts'
import { COMPARISONS, MEASURES } from './measures.ts'

const names = MEASURES.map(({ name }) => name)

describe('the tables of measures and comparisons', () => {
  it('have different names', () => {
    expect(new Set(names).size).toBe(names.length)
    expect(new Set(COMPARISONS.map(({ name }) => name)).size).toBe(COMPARISONS.length)
  })

  it('contain each floor', () => {
    expect(
      MEASURES.filter(({ kind }) => kind === 'floor')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(Object.keys(FLOORS).sort())
  })

  it('end with a restore by the product, so that the store is full at the end of a round', () => {
    expect(MEASURES.at(-1)).toMatchObject({ kind: 'ours', store: 'empty' })
    expect(MEASURES.at(-1)?.optional).toBeUndefined()
  })

  it('compare measures and stages that exist', () => {
    const stages: readonly string[] = [...EXPORT_STAGES, ...RESTORE_STAGES].map(({ name }) => name)
    for (const { ours, others } of COMPARISONS) {
      const [measure, stage] = ours.split(':')
      expect(names).toContain(measure)
      if (stage !== undefined) expect(stages).toContain(stage)
      for (const other of others.flatMap((list) => list.split('|'))) expect(names).toContain(other)
    }
  })
})
