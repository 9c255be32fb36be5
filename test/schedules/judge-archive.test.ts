import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ExportCounts } from '../../shared/jobs/export-result.ts'
import { covers } from '../../shared/schedules/archive-scope.ts'
import {
  type ArchiveContent,
  Baselines,
  type EarlierArchive,
  type JudgedState,
} from '../../shared/schedules/judge-archive.ts'
import { counts, judgement } from './sample-archives.ts'

const HALF = { min_ratio: 0.5 }

const content = (
  models: Readonly<Record<string, ExportCounts>>,
  { filters = '', complete = true } = {},
): ArchiveContent => ({ complete, scope: { models: Object.keys(models), filters }, models })

/** Judges an archive. `earlier` contains all earlier archives, newest first. */
const judgeArchive = (
  earlier: readonly EarlierArchive[],
  candidate: ArchiveContent,
  options: { readonly min_ratio: number },
): JudgedState => {
  const baselines = new Baselines()
  for (const archive of earlier.toReversed()) baselines.add(archive)
  return baselines.judge(candidate, options)
}

describe('an archive of a schedule', () => {
  it('is good if it is the first one, even if it is empty', () => {
    expect(judgeArchive([], content({ memo: counts(0) }), HALF)).toEqual({ state: 'good', findings: [] })
  })

  it('is incomplete if its manifest says so, whatever it contains', () => {
    const candidate = content({ memo: counts(0) }, { complete: false })
    expect(judgeArchive([judgement(1, { memo: counts(9) })], candidate, HALF)).toEqual({
      state: 'incomplete',
      findings: [],
    })
  })

  it.each<[string, ExportCounts, ExportCounts, string]>([
    ['exactly the ratio', counts(10, 20, 4), counts(5, 10, 2), 'good'],
    ['fewer resources', counts(10, 20, 4), counts(4, 20, 4), 'suspicious'],
    ['fewer revisions', counts(10, 20, 4), counts(10, 9, 4), 'suspicious'],
    ['fewer blobs', counts(10, 20, 4), counts(10, 20, 1), 'suspicious'],
    ['no blobs where one was', counts(10, 20, 1), counts(10, 20, 0), 'suspicious'],
    ['more of everything', counts(10, 20, 4), counts(11, 30, 5), 'good'],
    ['nothing where nothing was', counts(0), counts(0), 'good'],
  ])('with %s than the last good one is judged', (_, before, now, state) => {
    expect(judgeArchive([judgement(1, { memo: before })], content({ memo: now }), HALF).state).toBe(state)
  })

  it('is suspicious without anything of a model that had some, even if the ratio is 0', () => {
    const previous = [judgement(1, { memo: counts(3) })]
    expect(judgeArchive(previous, content({ memo: counts(0) }), { min_ratio: 0 }).state).toBe('suspicious')
    expect(judgeArchive(previous, content({ memo: counts(1) }), { min_ratio: 0 }).state).toBe('good')
  })

  it('lists what has shrunk and with which archive it was compared', () => {
    const previous = [judgement(2, { memo: counts(8, 9, 0), city: counts(4) })]
    expect(judgeArchive(previous, content({ city: counts(4), memo: counts(1, 1) }), HALF).findings).toEqual([
      { model: 'memo', count: 'resources', before: 8, now: 1, compared_with: 'job-02' },
      { model: 'memo', count: 'revisions', before: 9, now: 1, compared_with: 'job-02' },
    ])
  })

  it('lists at most 100 findings', () => {
    const models = Object.fromEntries(Array.from({ length: 60 }, (_, k) => [`m${k}`, counts(5)]))
    const none = Object.fromEntries(Object.keys(models).map((model) => [model, counts(0)]))
    expect(judgeArchive([judgement(1, models)], content(none), HALF).findings).toHaveLength(100)
  })

  it('is compared with the newest good archive', () => {
    const previous = [judgement(2, { memo: counts(4) }), judgement(1, { memo: counts(100) })]
    expect(judgeArchive(previous, content({ memo: counts(3) }), HALF).state).toBe('good')
  })

  it('is also compared with the incomplete archives after the last good one, and with the largest of them', () => {
    const incomplete = (day: number, resources: number) =>
      judgement(day, { memo: counts(resources) }, { state: 'incomplete' })
    expect(judgeArchive([incomplete(1, 9)], content({ memo: counts(0) }), HALF).state).toBe('suspicious')
    const earlier = [incomplete(4, 1), incomplete(3, 9), judgement(2, { memo: counts(4) }), incomplete(1, 100)]
    expect(judgeArchive(earlier, content({ memo: counts(4) }), HALF).findings).toMatchObject([
      { count: 'resources', before: 9, compared_with: 'job-03' },
      { count: 'revisions', before: 9, compared_with: 'job-03' },
    ])
    expect(judgeArchive(earlier, content({ memo: counts(5) }), HALF).state).toBe('good')
    const equal = [incomplete(3, 9), incomplete(2, 9), incomplete(1, 9)]
    expect(judgeArchive(equal, content({ memo: counts(4) }), HALF).findings).toMatchObject([
      { before: 9, compared_with: 'job-03' },
      { before: 9, compared_with: 'job-03' },
    ])
  })

  it.each(['suspicious', 'rejected'] as const)('is not compared with a %s archive', (state) => {
    const earlier = [judgement(2, { memo: counts(9) }, { state }), judgement(1, { memo: counts(2) })]
    expect(judgeArchive(earlier, content({ memo: counts(1) }), HALF).state).toBe('good')
  })

  it('is compared with a confirmed archive', () => {
    const earlier = [judgement(2, { memo: counts(2) }, { state: 'confirmed' }), judgement(1, { memo: counts(9) })]
    expect(judgeArchive(earlier, content({ memo: counts(1) }), HALF).state).toBe('good')
  })

  it('is compared model by model, because the schedule may have been narrowed and widened again', () => {
    const previous = [judgement(2, { memo: counts(4) }), judgement(1, { memo: counts(4), city: counts(4) })]
    const { state, findings } = judgeArchive(previous, content({ memo: counts(4), city: counts(0) }), HALF)
    expect([state, findings[0]?.model, findings[0]?.compared_with]).toEqual(['suspicious', 'city', 'job-01'])
  })

  it('without filters is compared with the newest archive of each filter', () => {
    const filtered = judgement(2, { memo: counts(1) }, { filters: 'f' })
    const all = judgement(1, { memo: counts(10) })
    expect(judgeArchive([filtered, all], content({ memo: counts(2) }), HALF).findings).toMatchObject([
      { compared_with: 'job-01' },
      { compared_with: 'job-01' },
    ])
    expect(judgeArchive([filtered], content({ memo: counts(0) }), HALF).findings).toMatchObject([
      { compared_with: 'job-02' },
      { compared_with: 'job-02' },
    ])
  })

  it('without filters lists the newest archives first, in whatever order the filters were used', () => {
    const all = (day: number) => judgement(day, { memo: counts(10) })
    const filtered = (day: number) => judgement(day, { memo: counts(10) }, { filters: 'f' })
    const comparedWith = (...earlier: ReturnType<typeof judgement>[]): string[] =>
      judgeArchive(earlier, content({ memo: counts(1, 10) }), HALF).findings.map(({ compared_with }) => compared_with)
    expect(comparedWith(all(2), filtered(1))).toEqual(['job-02', 'job-01'])
    expect(comparedWith(filtered(2), all(1))).toEqual(['job-02', 'job-01'])
    expect(comparedWith(all(3), filtered(2), all(1))).toEqual(['job-03', 'job-02'])
  })

  it('with new filters is not compared with archives of other filters', () => {
    const previous = [judgement(2, { memo: counts(9) }, { filters: 'g' }), judgement(1, { memo: counts(10) })]
    expect(judgeArchive(previous, content({ memo: counts(0) }, { filters: 'f' }), HALF).state).toBe('good')
  })

  it('may have a model with the name of an inherited property', () => {
    const previous = [judgement(1, { toString: counts(3) })]
    const scope = { models: ['toString'], filters: '' }
    expect(judgeArchive(previous, { complete: true, scope, models: {} }, HALF).findings).toMatchObject([
      { before: 3, now: 0 },
      { before: 3, now: 0 },
    ])
  })
})

const MODELS = ['a', 'b', 'c'] as const
const arbitraryContent = fc
  .record({
    models: fc.subarray([...MODELS], { minLength: 1 }),
    filters: fc.constantFrom('', 'f', 'g'),
    numbers: fc.array(fc.nat(20), { minLength: 9, maxLength: 9 }),
  })
  .map(({ models, filters, numbers }) =>
    content(
      Object.fromEntries(
        models.map((model, k) => [model, counts(numbers[3 * k] ?? 0, numbers[3 * k + 1], numbers[3 * k + 2])]),
      ),
      { filters },
    ),
  )
const arbitraryRatio = fc.double({ min: 0, max: 1, noNaN: true })

/** Judges archives in order, and returns the good ones, newest first. */
const goodOf = (archives: readonly ArchiveContent[], min_ratio: number) =>
  archives.reduce<ReturnType<typeof judgement>[]>((good, archive, k) => {
    if (judgeArchive(good, archive, { min_ratio }).state !== 'good') return good
    return [judgement(k + 1, archive.models, { filters: archive.scope.filters }), ...good]
  }, [])

describe('any sequence of archives', () => {
  it('keeps a share of every model from one good archive to the next of the same scope', () => {
    fc.assert(
      fc.property(fc.array(arbitraryContent, { maxLength: 12 }), arbitraryRatio, (archives, min_ratio) => {
        const good = goodOf(archives, min_ratio)
        for (const [k, later] of good.entries()) {
          const before = good.slice(k + 1).find(({ scope }) => covers(later.scope, scope) && covers(scope, later.scope))
          for (const model of before?.scope.models ?? [])
            for (const count of ['resources', 'revisions', 'blobs'] as const) {
              const [from = 0, to = 0] = [before?.models[model]?.[count], later.models[model]?.[count]]
              expect(from > 0 && (to === 0 || to < from * min_ratio)).toBe(false)
            }
        }
      }),
    )
  })

  it('never becomes good by losing everything of a model that an earlier good archive of a narrower scope contains', () => {
    fc.assert(
      fc.property(fc.array(arbitraryContent, { maxLength: 12 }), arbitraryRatio, (archives, min_ratio) => {
        const good = goodOf(archives, min_ratio)
        for (const [k, later] of good.entries())
          for (const model of later.scope.models) {
            const earlier = good
              .slice(k + 1)
              .find(({ scope }) => scope.filters === later.scope.filters && scope.models.includes(model))
            if ((earlier?.models[model]?.resources ?? 0) > 0) expect(later.models[model]?.resources).toBeGreaterThan(0)
          }
      }),
    )
  })

  it('has fewer or as many suspicious archives with a lower ratio, for the same good archives', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryContent, { maxLength: 6 }),
        arbitraryContent,
        arbitraryRatio,
        arbitraryRatio,
        (earlier, candidate, a, b) => {
          const good = goodOf(earlier, 0)
          const [low, high] = a < b ? [a, b] : [b, a]
          const atLow = judgeArchive(good, candidate, { min_ratio: low })
          const atHigh = judgeArchive(good, candidate, { min_ratio: high })
          expect(atHigh.findings).toEqual(expect.arrayContaining([...atLow.findings]))
        },
      ),
    )
  })

  it('judges a repetition of the last good archive as good', () => {
    fc.assert(
      fc.property(fc.array(arbitraryContent, { minLength: 1, maxLength: 6 }), arbitraryRatio, (archives, min_ratio) => {
        const [last] = goodOf(archives, min_ratio)
        if (last === undefined || last.scope.filters === '') return
        expect(judgeArchive(goodOf(archives, min_ratio), { ...last, complete: true }, { min_ratio }).state).toBe('good')
      }),
    )
  })
})

describe('many archives of a schedule', () => {
  it('are judged in a time that grows only linearly with their number', () => {
    const baselines = new Baselines()
    const sample = content({ memo: counts(9), city: counts(3) })
    for (let n = 0; n < 100_000; n++) {
      const { state, findings } = baselines.judge(sample, HALF)
      expect.soft(state).toBe('good')
      baselines.add({ job_id: `job-${n}`, ...sample, state: n % 2 === 0 ? 'incomplete' : state })
      if (findings.length > 0) break
    }
  })
})
