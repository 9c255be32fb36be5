import { describe, expect, it } from 'vitest'
import type { Archive } from '../../../functions/page/source/api/schemas.ts'
import {
  concernsOf,
  evidenceOf,
  hasFilters,
  hasNone,
  lastProof,
  modelsOf,
  noneIn,
  resourcesOf,
  scheduleOf,
} from '../../../functions/page/source/model/archives.ts'
import { barAfter, describeSeries, seriesOf } from '../../../functions/page/source/model/chart.ts'

const archive = (resources: number, change: Partial<Archive> = {}): Archive => ({
  job_id: `job-${resources}`,
  source: 'api',
  bucket: 'archives',
  key: `exports/${resources}`,
  size: resources * 10,
  created_at: '2026-01-01T00:00:00.000Z',
  models: { city: { resources, revisions: resources * 2, blobs: 0 } },
  complete: true,
  suspicious: false,
  ...change,
})

describe('the archives', () => {
  it('have filters only if their scope contains some', () => {
    expect(hasFilters(archive(1, { scope: { filters: { ids: ['x'] } } }))).toBe(true)
    for (const scope of [undefined, {}, { filters: {} }, { models: ['city'] }])
      expect(hasFilters(archive(1, scope === undefined ? {} : { scope }))).toBe(false)
  })

  it('contain the resources of all their models', () => {
    const models = { city: { resources: 2 }, memo: { resources: 3 }, empty: {} }
    expect(resourcesOf(archive(0, { models }))).toBe(5)
    expect(modelsOf([archive(0, { models }), archive(1)])).toEqual(['city', 'empty', 'memo'])
  })

  it('belong to a schedule if their key contains one', () => {
    expect(scheduleOf('scheduled/nightly/2026/01/05/s-nightly-20260105T030000Z.acbak')).toBe('nightly')
    expect(scheduleOf('exports/2026/11/29/a.acbak')).toBeUndefined()
  })

  it('are proved by the newest restore', () => {
    const proved = (at: string) => ({ last_proved: { at, job_id: at } })
    expect(lastProof([proved('2026-01-01'), {}, proved('2026-02-01')])?.at).toBe('2026-02-01')
    expect(lastProof([{}])).toBeUndefined()
    const last_checked = { at: '2026-03-01', job_id: 'c', passed: false }
    expect(lastProof([proved('2026-01-01')])?.isDamaged).toBe(false)
    expect(lastProof([{ ...proved('2026-01-01'), last_checked }])?.isDamaged).toBe(true)
  })

  it('have the newest evidence first, and only the checks after the last restore', () => {
    const evidence = (checked?: string, proved?: string, passed = true): string[] =>
      evidenceOf({
        ...(checked === undefined ? {} : { last_checked: { at: checked, job_id: 'c', passed } }),
        ...(proved === undefined ? {} : { last_proved: { at: proved, job_id: 'p' } }),
      }).map(({ kind, at, job_id }) => `${kind} ${at} ${job_id}`)
    expect(evidence()).toEqual([])
    expect(evidence('2026-03-01')).toEqual(['checked 2026-03-01 c'])
    expect(evidence('2026-03-01', '2026-01-01')).toEqual(['checked 2026-03-01 c', 'restored 2026-01-01 p'])
    expect(evidence('2026-03-01', '2026-01-01', false)).toEqual(['check failed 2026-03-01 c', 'restored 2026-01-01 p'])
    expect(evidence('2026-03-01', '2026-04-01', false)).toEqual(['restored 2026-04-01 p'])
  })

  it('have concerns if they are damaged, suspicious, rejected or not complete', () => {
    const concerns = (change: Partial<Archive>): string[] =>
      concernsOf(archive(1, change)).map(({ tone, text }) => `${tone}: ${text}`)
    const failed = { last_checked: { at: '2026-03-01', job_id: 'c', passed: false } }
    expect(concerns({})).toEqual([])
    expect(concerns({ suspicious: true, decision: 'confirmed' })).toEqual([])
    expect(concerns({ suspicious: true, decision: 'rejected' })).toEqual(['bad: rejected'])
    expect(concerns({ ...failed, suspicious: true, complete: false })).toEqual([
      'bad: check failed',
      'warn: suspicious',
      'warn: not complete',
    ])
    const concernsWithProof = (at: string) => concerns({ ...failed, last_proved: { at, job_id: 'p' } })
    expect(concernsWithProof('2026-01-01')).toEqual(['bad: check failed'])
    // At the same time, damage counts.
    expect(concernsWithProof('2026-03-01')).toEqual(['bad: check failed'])
    expect(concernsWithProof('2026-04-01')).toEqual([])
  })
})

describe('the chart', () => {
  it('shows the oldest archive first, and the heights relative to the largest', () => {
    const [series] = seriesOf([archive(100), archive(50)], 'resources', 10)
    expect(series?.bars.map(({ value, height }) => [value, height])).toEqual([
      [50, 0.5],
      [100, 1],
    ])
  })

  it('marks an archive with less than half of the one before', () => {
    const [series] = seriesOf([archive(100), archive(51), archive(100)], 'resources', 10)
    expect(series?.bars.map(({ mark }) => mark)).toEqual(['none', 'none', 'none'])
    const [fallen] = seriesOf([archive(100), archive(49), archive(100)], 'resources', 10)
    expect(fallen?.bars.map(({ mark }) => mark)).toEqual(['none', 'fallen', 'none'])
  })

  it('marks only the model that has fallen in a suspicious archive', () => {
    const two = (city: number, memo: number, suspicious = false): Archive =>
      archive(city, { models: { city: { resources: city }, memo: { resources: memo } }, suspicious })
    const series = seriesOf([two(1, 100, true), two(100, 100)], 'resources', 10)
    expect(series.map(({ name, bars }) => [name, bars.at(-1)?.mark])).toEqual([
      ['city', 'suspicious'],
      ['memo', 'none'],
    ])
  })

  it('marks each suspicious archive, and compares it with the last good archive', () => {
    const nightly = (resources: number, change: Partial<Archive> = {}): Archive =>
      archive(resources, { schedule: 'nightly', ...change })
    const suspicious = { suspicious: true }
    const marks = (...newestFirst: Archive[]): (string | undefined)[] =>
      seriesOf(newestFirst, 'resources', 2)[0]?.bars.map(({ mark }) => mark) ?? []
    expect(marks(nightly(10, suspicious), nightly(10, suspicious), nightly(100))).toEqual(['suspicious', 'suspicious'])
    expect(marks(nightly(10, { ...suspicious, decision: 'rejected' }), archive(9), nightly(100))[1]).toBe('suspicious')
    const confirmed = nightly(10, { ...suspicious, decision: 'confirmed' })
    expect(marks(nightly(10), confirmed, nightly(100))).toEqual(['fallen', 'none'])
    expect(marks(nightly(10, suspicious), nightly(5), nightly(100, { complete: false }), nightly(100))).toEqual([
      'fallen',
      'none',
    ])
    expect(marks(nightly(4, suspicious), nightly(10, { complete: false }), nightly(5))[1]).toBe('suspicious')
  })

  it('marks all models that have become smaller in a suspicious archive if none has halved', () => {
    const two = (city: number, memo: number, suspicious = false): Archive =>
      archive(city, { models: { city: { resources: city }, memo: { resources: memo } }, suspicious })
    const marks = (newest: Archive): (string | undefined)[] =>
      seriesOf([newest, two(100, 100)], 'resources', 10).map(({ bars }) => bars.at(-1)?.mark)
    expect(marks(two(80, 100, true))).toEqual(['suspicious', 'none'])
    expect(marks(two(10, 99, true))).toEqual(['suspicious', 'none'])
    expect(marks(two(80, 100))).toEqual(['none', 'none'])
  })

  it('omits archives with filters, and compares sizes only of archives with the same models', () => {
    const filtered = archive(1, { scope: { filters: { ids: ['x'] } } })
    const other = archive(2, { models: { memo: { resources: 2 } } })
    expect(seriesOf([archive(100), filtered, archive(90)], 'resources', 10)[0]?.bars).toHaveLength(2)
    expect(seriesOf([archive(100), other, archive(90)], 'size', 10)[0]?.bars.map(({ value }) => value)).toEqual([
      900, 1000,
    ])
    expect(seriesOf([filtered], 'size', 10)).toEqual([])
  })

  it('is described in words, which say why archives are marked', () => {
    const describeAll = (...newestFirst: Archive[]): string[] =>
      seriesOf(newestFirst, 'resources', 10).map((series) => describeSeries(series, String))
    const range = 'between 10 and 100 in 2 archives'
    expect(describeAll(archive(10), archive(100))).toEqual([
      `city: 10 in the newest archive, ${range}, 1 of them with less than half of the archive before`,
    ])
    expect(describeAll(archive(99, { suspicious: true }), archive(100))).toEqual([
      'city: 99 in the newest archive, between 99 and 100 in 2 archives, 1 of them suspicious',
    ])
    expect(describeAll(archive(100), archive(10))).toEqual([`city: 100 in the newest archive, ${range}`])
  })
})

describe('a list of archives that does not show a fact', () => {
  it('says only what its first page shows', () => {
    expect(noneIn({ archives: [] })).toBe('none yet')
    expect(noneIn({ archives: [archive(1)] })).toBe('none yet')
    expect(noneIn({ archives: [archive(1)], cursor: 'c' })).toBe('none in the last 1 archive')
    expect(noneIn({ archives: [], cursor: 'c' })).toBe('unknown')
    expect([hasNone({ archives: [] }), hasNone({ archives: [], cursor: 'c' })]).toEqual([true, false])
  })
})

describe('the keys in a row of bars', () => {
  it('move between the bars, and stop at both ends', () => {
    const moves = ['ArrowLeft', 'ArrowRight', 'Home', 'End', 'Enter', 'toString'].map((key) => barAfter(key, 1, 4))
    expect(moves).toEqual([0, 2, 0, 3, undefined, undefined])
    expect([barAfter('ArrowLeft', 0, 4), barAfter('ArrowRight', 3, 4)]).toEqual([0, 3])
  })
})
