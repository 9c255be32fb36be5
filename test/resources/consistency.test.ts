import { describe, expect, it } from 'vitest'
import { consistencyOf } from '../../shared/resources/consistency.ts'
import type { Item } from '../../shared/tables/item.ts'
import { madeResource } from './made-resources.ts'

const { metadata, revisions } = madeResource('m', 1, { id: 'x', revisions: 2 })
const first = revisions.slice(0, 1)
const current = revisions.slice(1)
const times = (of: Item, updated_time: string): Item => ({ ...of, updated_time: { S: updated_time } })
const without = (of: Item, name: string): Item => Object.fromEntries(Object.entries(of).filter(([key]) => key !== name))

/**
 * The state of a resource whose metadata, copy of the current revision's time, and current revision have these times.
 */
const stateOf = (ofMetadata: string | undefined, ofRevision: string, copy: string | undefined): string => {
  const base = without(without(metadata, 'updated_time'), 'rev_updated_time')
  const own: Item = {
    ...base,
    ...(ofMetadata === undefined ? {} : { updated_time: { S: ofMetadata } }),
    ...(copy === undefined ? {} : { rev_updated_time: { S: copy } }),
  }
  return consistencyOf(
    own,
    current.map((revision) => times(revision, ofRevision)),
  )
}

describe('metadata and revisions that were read one after the other', () => {
  it('are consistent if nothing contradicts it', () => {
    expect(consistencyOf(metadata, revisions)).toBe('consistent')
    expect(consistencyOf(metadata, revisions.toReversed())).toBe('consistent')
  })

  it('are torn if the current revision is missing, even if they are also stale', () => {
    expect(consistencyOf(metadata, [])).toBe('torn')
    expect(consistencyOf(metadata, first)).toBe('torn')
    const later = first.map((revision) => times(revision, '2030-01-01T00:00:00Z'))
    expect(consistencyOf(metadata, later)).toBe('torn')
    expect(consistencyOf(without(metadata, 'current_revision_id'), revisions)).toBe('torn')
  })

  it('are stale if the number of a revision exceeds the count', () => {
    const counted = (N: string): Item => ({ ...metadata, total_revision_count: { N } })
    expect(consistencyOf(counted('1'), revisions)).toBe('stale')
    expect(consistencyOf(counted('3'), revisions)).toBe('consistent')
    expect(consistencyOf(without(metadata, 'total_revision_count'), revisions)).toBe('consistent')
  })

  it('are not stale because of a revision without a number', () => {
    const [named] = current.map((revision) => ({ ...revision, sk: { S: `${metadata['sk']?.S ?? ''}/~9999999999/-` } }))
    expect(
      named === undefined ? undefined : consistencyOf({ ...metadata, total_revision_count: { N: '1' } }, [named]),
    ).toBe('consistent')
    expect(
      consistencyOf(
        metadata,
        current.map((revision) => without(revision, 'sk')),
      ),
    ).toBe('consistent')
  })

  it('are compared by all ten digits of a number', () => {
    const numbered = (number: string): Item[] =>
      current.map((revision) => ({ ...revision, sk: { S: `${metadata['sk']?.S ?? ''}/${number}/7` } }))
    const item = { ...metadata, total_revision_count: { N: '1000000002' } }
    expect(consistencyOf(item, numbered('1000000002'))).toBe('consistent')
    expect(consistencyOf(item, numbered('1000000003'))).toBe('stale')
  })

  it('are stale if the metadata copied another state of the current revision', () => {
    expect(stateOf('2026-01-05T08:31:00Z', '2026-01-05T08:31:00Z', '2026-01-05T08:31:00Z')).toBe('consistent')
    expect(stateOf('2026-01-05T08:31:00Z', '2026-01-05T08:31:00Z', '2026-01-05T08:30:00Z')).toBe('stale')
    expect(stateOf('2026-01-05T08:31:00Z', '2026-01-05T08:31:00Z', undefined)).toBe('consistent')
    // The metadata has no copy of other revisions.
    const earlier = first.map((revision) => times(revision, '2026-01-05T08:00:00Z'))
    expect(consistencyOf(metadata, [...earlier, ...current])).toBe('consistent')
  })

  it.each([
    ['2026-01-05T08:31:00Z', '2026-01-05T08:31:01Z', 'stale'],
    ['2026-01-05T08:31:01Z', '2026-01-05T08:31:00Z', 'consistent'],
    ['2026-01-05T08:31:00Z', '2026-01-05T08:31:00.000000Z', 'consistent'],
    ['2026-01-05T08:31:00Z', '2026-01-05T08:31:00.000001Z', 'stale'],
    ['2026-01-05T08:31:00.5Z', '2026-01-05T08:31:01Z', 'stale'],
    ['2026-01-05T08:31:00.500Z', '2026-01-05T16:31:00+08:00', 'consistent'],
    ['2026-01-05T16:31:00+08:00', '2026-01-05T08:32:00.000000Z', 'stale'],
    ['2026-01-05T16:31:00+08:00', '2026-01-05T16:31:00.0000Z', 'stale'],
    ['2026-01-05T08:31:00.0000Z', '2026-01-05T09:00:00+08:00', 'consistent'],
    ['2026-01-05T09:00:00+08:00', '2026-01-05T09:00:00-08:00', 'stale'],
    ['2026-01-05T09:00:00+08:00', '2026-01-05T08:31:00.0000Z', 'stale'],
    ['2026-01-05T08:31:00Z', 'later', 'consistent'],
    ['sometime', '2026-01-05T08:31:00Z', 'consistent'],
    [undefined, '2026-01-05T08:31:00Z', 'consistent'],
  ])('updated at %s, with a revision updated at %s, are %s', (ofMetadata, ofRevision, state) => {
    expect(stateOf(ofMetadata, ofRevision, undefined)).toBe(state)
  })

  it('are compared without a revision that has no id', () => {
    const nameless = first.map((revision) => without(revision, 'revision_id'))
    expect(consistencyOf(metadata, nameless)).toBe('torn')
    expect(consistencyOf(metadata, [...nameless, ...current])).toBe('consistent')
  })

  it('are not stale because of a revision without a time', () => {
    const timeless = without(metadata, 'rev_updated_time')
    expect(
      consistencyOf(
        timeless,
        current.map((revision) => without(revision, 'updated_time')),
      ),
    ).toBe('consistent')
  })
})
