import { describe, expect, it } from 'vitest'
import type { Manifest } from '../../shared/archive/manifest.ts'
import { resourcesIn } from '../../shared/schedules/archive-judgement.ts'
import { covers, scopeOf } from '../../shared/schedules/archive-scope.ts'
import { counts, judgement } from './sample-archives.ts'

const manifestWith = (models: string[], filters: Record<string, unknown>): Manifest => ({
  format: 'acbak',
  version: 3,
  job_id: 'job',
  created_at: '2026-01-01T00:00:00.000Z',
  source: { deployment: 'local', region: 'us-east-1' },
  scope: { models, filters },
  started_at: '2026-01-01T00:00:00.000Z',
  next_since: '2026-01-01T00:00:00.000Z',
  complete: true,
  missing_blobs: [],
  models: {},
  blobs: { count: 0, bytes: 0 },
  segments: [],
})

describe('the scope of an archive', () => {
  it('does not depend on the order of the filters, and is empty without filters', () => {
    expect(scopeOf(manifestWith(['memo'], {}))).toEqual({ models: ['memo'], filters: '' })
    const filters = scopeOf(manifestWith(['memo'], { is_deleted: false, ids: ['a'] })).filters
    expect(filters).toMatch(/^[0-9a-f]{64}$/)
    expect(scopeOf(manifestWith(['memo'], { ids: ['a'], is_deleted: false })).filters).toBe(filters)
    expect(scopeOf(manifestWith(['memo'], { ids: ['b'], is_deleted: false })).filters).not.toBe(filters)
  })

  it.each<[string, string[], string, string[], string, boolean]>([
    ['the same models and filters', ['a', 'b'], 'f', ['b', 'a'], 'f', true],
    ['more models', ['a', 'b'], '', ['a'], '', true],
    ['fewer models', ['a'], '', ['a', 'b'], '', false],
    ['no filters instead of some', ['a'], '', ['a'], 'f', true],
    ['filters instead of none', ['a'], 'f', ['a'], '', false],
    ['other filters', ['a'], 'f', ['a'], 'g', false],
  ])('with %s is compared with another scope', (_, models, filters, otherModels, otherFilters, isCovered) => {
    expect(covers({ models, filters }, { models: otherModels, filters: otherFilters })).toBe(isCovered)
  })
})

describe('the number of resources in an archive', () => {
  it('is the sum over all models', () => {
    expect(resourcesIn(judgement(1, { a: counts(2), b: counts(3) }))).toBe(5)
    expect(resourcesIn(judgement(1, {}))).toBe(0)
  })
})
