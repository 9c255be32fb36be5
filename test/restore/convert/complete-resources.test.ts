import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError } from '../../../shared/archive/errors.ts'
import { itemFromMetadata, itemFromRevision } from '../../../shared/resources/attributes.ts'
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

describe('the resources of a sorted stream', () => {
  it('are complete if each has its current revision', () => {
    const resources = new CompleteResources()
    resources.begin(FIRST, metadata('r', 'r:2'))
    resources.addRevision(FIRST, revision('r', 'r:1'))
    resources.addRevision(FIRST, revision('r', 'r:2'))
    resources.addRevision(FIRST, revision('r', 'r:3'))
    resources.begin(SECOND, metadata('s', 's:1'))
    resources.addRevision(SECOND, revision('s', 's:1'))
    expect(() => {
      resources.end()
    }).not.toThrow()
  })

  it('are complete if there are none', () => {
    expect(() => {
      new CompleteResources().end()
    }).not.toThrow()
  })

  const incomplete = new ArchiveInvalidError(
    'record 3 at byte 40: resource "r" does not contain its current revision "r:2"',
  )

  it('are rejected at the next resource if a current revision is missing', () => {
    const resources = new CompleteResources()
    resources.begin(FIRST, metadata('r', 'r:2'))
    resources.addRevision(SECOND, revision('r', 'r:1'))
    expect(() => {
      resources.begin(SECOND, metadata('s', 's:1'))
    }).toThrow(incomplete)
  })

  it('are rejected at the end if the last current revision is missing', () => {
    const resources = new CompleteResources()
    resources.begin(FIRST, metadata('r', 'r:2'))
    expect(() => {
      resources.end()
    }).toThrow(incomplete)
  })

  it.each([
    ['before any metadata', []],
    ['after another resource', [metadata('q', 'q:1')]],
    ['after a resource of another model with the same id', [metadata('r', 'r:1', 'b')]],
  ])('are rejected with a revision %s', (_what, before) => {
    const resources = new CompleteResources()
    for (const item of before) resources.begin(FIRST, item)
    expect(() => {
      resources.addRevision(SECOND, revision('r', 'r:1'))
    }).toThrow(
      new ArchiveInvalidError(
        'record 7 at byte 99: revision "r:1" belongs to resource "r" of model a,' +
          ' but the stream contains no metadata of this resource',
      ),
    )
  })
})
