import { describe, expect, it } from 'vitest'
import { itemFromMetadata, itemFromRevision } from '../../../shared/resources/attributes.ts'
import type { StreamFault } from '../../../shared/restore/messages/convert.ts'
import { CompleteResources } from '../../../shared/restore/convert/complete-resources.ts'
import type { Item } from '../../../shared/tables/item.ts'

const times = { created_time: '2024-03-01T09:30:00Z', updated_time: '2024-03-01T09:30:00Z' }
const users = { created_by: 'ann', updated_by: 'ann' }

const metadata = (resource_id: string, current_revision_id: string, model = 'a'): Item =>
  itemFromMetadata(
    {
      resource_id,
      current_revision_id,
      schema_version: null,
      total_revision_count: 1n,
      is_deleted: false,
      ...times,
      ...users,
    },
    { model, shards: 1 },
  )

const revision = (resource_id: string, revision_id: string, model = 'a'): Item =>
  itemFromRevision(
    {
      uid: '00000000-0000-4000-8000-000000000000',
      resource_id,
      revision_id,
      parent_revision_id: null,
      schema_version: null,
      status: 'stable',
      ...times,
      ...users,
    },
    Buffer.from('{}'),
    { model, shards: 1 },
  ).item

const FIRST = { number: 3, offset: 40 }
const SECOND = { number: 7, offset: 99 }

/** The faults after all records were added. */
const faultsOf = (add: (resources: CompleteResources) => void): readonly StreamFault[] => {
  const resources = new CompleteResources()
  add(resources)
  resources.end()
  const faults = resources.takeFaults()
  expect(resources.takeFaults()).toEqual([])
  return faults
}
const MISSING_CURRENT = {
  resource: { model: 'a', resource_id: 'r', reason: 'record 3 at byte 40: the current revision "r:2" is missing' },
  has_metadata: true,
}

describe('the resources of a sorted stream', () => {
  it('have no fault if each has its current revision', () => {
    const faults = faultsOf((resources) => {
      resources.begin(FIRST, metadata('r', 'r:2'))
      expect(resources.addRevision(FIRST, revision('r', 'r:1'))).toBe(true)
      expect(resources.addRevision(FIRST, revision('r', 'r:2'))).toBe(true)
      expect(resources.addRevision(FIRST, revision('r', 'r:3'))).toBe(true)
      resources.begin(SECOND, metadata('s', 's:1'))
      resources.addRevision(SECOND, revision('s', 's:1'))
    })
    expect(faults).toEqual([])
  })

  it('have no fault if there are none', () => {
    expect(faultsOf(() => undefined)).toEqual([])
  })

  it('have a fault if a current revision is missing', () => {
    const faults = faultsOf((resources) => {
      resources.begin(FIRST, metadata('r', 'r:2'))
      resources.addRevision(SECOND, revision('r', 'r:1'))
      resources.begin(SECOND, metadata('s', 's:1'))
      resources.addRevision(SECOND, revision('s', 's:1'))
    })
    expect(faults).toEqual([MISSING_CURRENT])
  })

  it('have a fault if the last resource has no revision', () => {
    const faults = faultsOf((resources) => {
      resources.begin(FIRST, metadata('r', 'r:2'))
    })
    expect(faults).toEqual([MISSING_CURRENT])
  })

  it('have the first fault that the scan found, and no other fault', () => {
    const scanFault = { model: 'a', id: 'r', reason: 'record 5 at byte 70: the payload is missing' }
    const corrupt = { entry: 'record 5', expected: '1', actual: '2' }
    const faults = faultsOf((resources) => {
      resources.addScanFault({ ...scanFault, corrupt })
      resources.addScanFault({ ...scanFault, reason: 'record 6' })
      resources.begin(FIRST, metadata('r', 'r:2'))
      resources.addScanFault({ ...scanFault, id: 'q' })
      resources.addRevision(SECOND, revision('q', 'q:1'))
    })
    const { model, reason } = scanFault
    expect(faults).toStrictEqual([
      { resource: { model, resource_id: 'r', reason }, has_metadata: true, corrupt },
      { resource: { model, resource_id: 'q', reason }, has_metadata: false },
    ])
  })

  it.each([
    ['of another id', { model: 'a', id: 's' }],
    ['of another model', { model: 'b', id: 'r' }],
    ['without an id', { model: 'a', id: '' }],
  ])('have no fault of the scan %s, whose resource has no sound record', (_what, { model, id }) => {
    const faults = faultsOf((resources) => {
      resources.addScanFault({ model, id, reason: 'record 5' })
      resources.addScanFault({ model, id: id === '' ? '' : `${id}2`, reason: 'record 6' })
      resources.addScanFault({ model, id, reason: 'record 7' })
      resources.begin(FIRST, metadata('r', 'r:1'))
      resources.addRevision(FIRST, revision('r', 'r:1'))
    })
    expect(faults).toEqual([
      { resource: { model, resource_id: id, reason: 'record 5' }, has_metadata: false },
      { resource: { model, resource_id: id === '' ? '' : `${id}2`, reason: 'record 6' }, has_metadata: false },
      { resource: { model, resource_id: id, reason: 'record 7' }, has_metadata: false },
    ])
  })

  it('have the first fault that was added to them', () => {
    const faults = faultsOf((resources) => {
      resources.begin(FIRST, metadata('r', 'r:2'))
      resources.addFault(SECOND, 'first')
      resources.addFault(SECOND, 'second')
    })
    expect(faults).toMatchObject([{ resource: { resource_id: 'r', reason: 'record 7 at byte 99: first' } }])
  })

  it.each([
    ['before any metadata', []],
    ['after another resource', [metadata('q', 'q:1')]],
    ['after a resource of another model with the same id', [metadata('r', 'r:1', 'b')]],
  ])('have one fault for all revisions of a resource without metadata, %s', (_what, before) => {
    const faults = faultsOf((resources) => {
      for (const item of before) resources.begin(FIRST, item)
      expect(resources.addRevision(SECOND, revision('r', 'r:1'))).toBe(false)
      expect(resources.addRevision(SECOND, revision('r', 'r:2'))).toBe(false)
    })
    expect(faults.slice(before.length)).toEqual([
      {
        resource: {
          model: 'a',
          resource_id: 'r',
          reason: 'record 7 at byte 99: the stream contains no metadata of the resource of revision "r:1"',
        },
        has_metadata: false,
      },
    ])
  })
})
