import { describe, expect, it } from 'vitest'
import { currentRevision, MetadataView, payloadOf, RevisionView } from '../../shared/resources/views.ts'
import type { Item } from '../../shared/tables/item.ts'

const key = { pk: { S: 'memo#m#9' }, sk: { S: '910886a475f8efaa/team 7' } }

const rejectSpilled = (): Promise<never> => Promise.reject(new Error('no spilled payload must be read'))

describe('a view of a metadata item', () => {
  it('returns the fields of the item', () => {
    const item: Item = {
      ...key,
      resource_id: { S: 'team 7' },
      current_revision_id: { S: 'team 7:2' },
      schema_version: { S: '3' },
      total_revision_count: { N: '2' },
      created_time: { S: '2026-01-05T08:30:00Z' },
      updated_time: { S: '2026-01-05T08:31:00Z' },
      created_by: { S: 'alice' },
      updated_by: { S: 'bob' },
      is_deleted: { BOOL: true },
      indexed_data: { S: '{"rank":2}' },
      rev_updated_time: { S: '2026-01-05T08:32:00Z' },
      applied_by: { S: 'job' },
    }
    const view = new MetadataView(item)
    expect(view.item).toBe(item)
    expect(view.key).toEqual({ pk: 'memo#m#9', sk: '910886a475f8efaa/team 7' })
    expect(view.sortKey).toBe('910886a475f8efaa/team 7')
    expect(view.resourceId).toBe('team 7')
    expect(view.currentRevisionId).toBe('team 7:2')
    expect(view.schemaVersion).toBe('3')
    expect(view.totalRevisionCount).toBe(2)
    expect(view.createdTime).toBe('2026-01-05T08:30:00Z')
    expect(view.updatedTime).toBe('2026-01-05T08:31:00Z')
    expect(view.createdBy).toBe('alice')
    expect(view.updatedBy).toBe('bob')
    expect(view.isDeleted).toBe(true)
    expect(view.indexedData).toBe('{"rank":2}')
    expect(view.revUpdatedTime).toBe('2026-01-05T08:32:00Z')
    expect(view.appliedBy).toBe('job')
  })

  it('returns the documented default for a field that is absent', () => {
    const view = new MetadataView({})
    expect(view.key).toEqual({ pk: '', sk: '' })
    expect(view.resourceId).toBe('')
    expect(view.totalRevisionCount).toBeNaN()
    expect(view.isDeleted).toBe(false)
    const { currentRevisionId, schemaVersion, createdTime, updatedTime, createdBy, updatedBy } = view
    const { indexedData, revUpdatedTime, appliedBy } = view
    for (const value of [currentRevisionId, schemaVersion, createdTime, updatedTime, createdBy, updatedBy])
      expect(value).toBeUndefined()
    for (const value of [indexedData, revUpdatedTime, appliedBy]) expect(value).toBeUndefined()
  })

  it.each<[string, Item[string], unknown]>([
    ['text', { S: 'a' }, 'a'],
    ['an integer', { N: '9007199254740993' }, 9007199254740993n],
    ['an integer with an exponent', { N: '1.5E3' }, 1500n],
    ['a fraction', { N: '1.50' }, 1.5],
    ['a Boolean', { BOOL: false }, false],
    ['NULL', { NULL: true }, null],
    ['a list', { L: [] }, undefined],
  ])('returns %s as a plain value', (_type, attribute, value) => {
    const view = new MetadataView({ any: attribute })
    expect(view.value('any')).toBe(value)
    expect(view.value('other')).toBeUndefined()
    expect(view.text('any')).toBe(attribute.S)
    expect(view.text('other')).toBeUndefined()
  })
})

describe('a view of a revision item', () => {
  it('returns the fields of the item', () => {
    const view = new RevisionView({
      revision_id: { S: 'team 7:2' },
      parent_revision_id: { S: 'team 7:1' },
      data: { S: '{}' },
      data_sha256: { S: '44136f' },
      data_size: { N: '2' },
    })
    expect(view.revisionId).toBe('team 7:2')
    expect(view.parentRevisionId).toBe('team 7:1')
    expect(view.dataSha256).toBe('44136f')
    expect(view.inlinePayload).toBe('{}')
    expect(view.spilledSha256).toBeUndefined()
    expect(view.inlineSize).toBe(2)
  })

  it('refers to a spilled payload only if the item contains no payload', () => {
    const spilled: Item = { data_spilled: { BOOL: true }, data_sha256: { S: '44136f' }, data_size: { N: '2' } }
    expect(new RevisionView(spilled).spilledSha256).toBe('44136f')
    expect(new RevisionView(spilled).inlinePayload).toBeUndefined()
    expect(new RevisionView(spilled).inlineSize).toBe(0)
    expect(new RevisionView({ ...spilled, data: { S: '{}' } }).spilledSha256).toBeUndefined()
    expect(new RevisionView({ data_sha256: { S: '44136f' } }).spilledSha256).toBeUndefined()
  })

  it('returns undefined for fields that are absent', () => {
    const view = new RevisionView({})
    expect(view.revisionId).toBeUndefined()
    expect(view.parentRevisionId).toBeUndefined()
    expect(view.dataSha256).toBeUndefined()
    expect(view.spilledSha256).toBeUndefined()
    expect(view.inlineSize).toBe(0)
  })
})

describe('the payload of a revision', () => {
  it('is the text or the bytes of the item', async () => {
    const bytes = Buffer.from([0x80])
    expect(await payloadOf(new RevisionView({ data: { S: '{}' } }), rejectSpilled)).toBe('{}')
    expect(await payloadOf(new RevisionView({ data: { B: bytes } }), rejectSpilled)).toBe(bytes)
    expect(await payloadOf(new RevisionView({ data: { S: '' }, data_spilled: { BOOL: true } }), rejectSpilled)).toBe('')
  })

  it('is read by its SHA-256 if it is spilled', async () => {
    const revision = new RevisionView({ data_spilled: { BOOL: true }, data_sha256: { S: '44136f' } })
    expect(await payloadOf(revision, (sha256) => Promise.resolve(Buffer.from(sha256)))).toEqual(Buffer.from('44136f'))
    await expect(payloadOf(revision, rejectSpilled)).rejects.toThrow('no spilled payload must be read')
  })

  it('is undefined if the item has neither a payload nor a reference to one', async () => {
    expect(await payloadOf(new RevisionView({}), rejectSpilled)).toBeUndefined()
    expect(await payloadOf(new RevisionView({ data_spilled: { BOOL: true } }), rejectSpilled)).toBeUndefined()
  })
})

describe('the current revision of a resource', () => {
  const metadata = new MetadataView({ current_revision_id: { S: 'a:2' }, schema_version: { S: '2' } })
  const revision = (id: string, schema: string): Item => ({ revision_id: { S: id }, schema_version: { S: schema } })

  it('has the id and the schema version that the metadata states', () => {
    const revisions = [revision('a:1', '2'), revision('a:2', '1'), revision('a:2', '2'), revision('a:2', '3')]
    expect(currentRevision(metadata, revisions)?.item).toBe(revisions[2])
  })

  it('is the last one with the id if none has the schema version', () => {
    const revisions = [revision('a:2', '1'), revision('a:2', '3'), revision('a:3', '2')]
    expect(currentRevision(metadata, revisions)?.item).toBe(revisions[1])
  })

  it('is undefined if no revision has the id', () => {
    expect(currentRevision(metadata, [revision('a:1', '2')])).toBeUndefined()
  })
})
