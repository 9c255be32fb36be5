import { describe, expect, it } from 'vitest'
import { BlobReferenceSet } from '../../shared/blobs/blob-references.ts'
import {
  addReferences,
  archivedBlobFields,
  type BlobFields,
  blobFieldsOf,
  referencesIn,
} from '../../shared/resources/revision-references.ts'
import { RevisionView } from '../../shared/resources/views.ts'
import type { Item } from '../../shared/tables/item.ts'

/** The references of a revision, which are added to a set once as needed and once as not needed. */
const added = (revision: Item, payload: string | Uint8Array, fields?: BlobFields): string[] | undefined => {
  const found = referencesIn(new RevisionView(revision), payload, fields)
  if (found === undefined) return undefined
  const references: string[] = []
  const set = new BlobReferenceSet()
  set.addBlob = (model, id, needed) => references.push(`blob ${id} of ${model}, ${needed === true ? '' : 'not '}needed`)
  set.addPayload = (model, id, needed) =>
    references.push(`payload ${id} of ${model}, ${needed === true ? '' : 'not '}needed`)
  addReferences(set, 'city', found)
  addReferences(set, 'city', found, false)
  return references
}

describe('the blob references of a revision', () => {
  it('are those in its payload', () => {
    const both = ['blob a of city, needed', 'blob a of city, not needed']
    expect(added({}, '{"map":{"file_id":"a"}}')).toEqual(both)
    expect(added({}, '{"map":{"file\\u005fid":"a"}}')).toEqual(both)
    expect(added({}, Buffer.from([0x81, 0xa7, ...Buffer.from('file_id'), 0xa1, 0x61]))).toEqual(both)
    expect(added({}, Buffer.from('{"file\\u005fid":"a"}'))).toEqual(both)
    const surrounded = new TextEncoder().encode('x{"map":{"file_id":"a"}}x')
    expect(added({}, surrounded.subarray(1, -1))).toEqual(both)
  })

  it('do not exist in a payload without the key of a reference', () => {
    expect(added({}, '{"name":"file"}')).toEqual([])
    expect(added({}, '{"name":"file_id"}')).toEqual([])
    expect(added({}, Buffer.from([0x81, 0xa1, 0x61, 0x01]))).toEqual([])
    expect(added({}, Buffer.from([7]))).toEqual([])
  })

  it('include its spilled payload', () => {
    const spilled: Item = { data_spilled: { BOOL: true }, data_sha256: { S: '44136f' } }
    expect(added(spilled, Buffer.from('{"map":{"file_id":"a"}}'))).toEqual([
      'payload 44136f of city, needed',
      'blob a of city, needed',
      'payload 44136f of city, not needed',
      'blob a of city, not needed',
    ])
  })

  it.each([
    ['is empty', ''],
    ['contains NaN', '{"a":NaN}'],
    ['contains NaN beside a reference', '{"file_id":"a","size":NaN}'],
    ['begins with a byte order mark', '\uFEFF{"file_id":"a"}'],
    ['ends with NUL', '{"a":1}\0'],
    ['is cut short', '{"map":{"file_id":"a"'],
    ['is MessagePack that is cut short', Buffer.from([0x82, 0xa1, 0x61, 0x01])],
    ['is one byte that MessagePack does not use', Uint8Array.of(0xc1)],
    ['is text that begins outside ASCII', '\u00a0{}'],
    ['is MessagePack that bytes follow', Buffer.from([0x81, 0xa1, 0x61, 0x01, 0x00])],
  ])('are unknown if the payload %s', (_what, payload) => {
    expect(added({}, payload)).toBeUndefined()
  })
})

/** The blobs in a set, by the file id. */
const blobsIn = (payload: string, fields: BlobFields, needed: boolean): Record<string, string> | undefined => {
  const found = referencesIn(new RevisionView({}), payload, fields)
  if (found === undefined) return undefined
  const blobs: Record<string, string> = {}
  const set = new BlobReferenceSet()
  set.addBlob = (model, id, isNeeded, _resourceId, reported) => {
    blobs[id] =
      `of ${model}${isNeeded === true ? ', needed' : ''}${(reported ?? isNeeded) === true ? ', reported' : ''}`
  }
  set.addUnarchivedBlob = (_model, id, isNeeded) => {
    blobs[id] = `${blobs[id] ?? ''}, not archived${isNeeded ? ', needed and reported' : ''}`
  }
  addReferences(set, 'city', found, needed)
  return blobs
}

describe('the blob references of a revision of a model that states where blobs are', () => {
  const payload = '{"a":{"file_id":"one"},"b":{"file_id":"two"}}'

  it('are those at its paths', () => {
    expect(blobsIn(payload, blobFieldsOf({ blobs: ['b'] }), true)).toEqual({ two: 'of city, needed, reported' })
    expect(blobsIn(payload, blobFieldsOf({ blobs: [] }), true)).toEqual({})
    expect(blobsIn(payload, blobFieldsOf({}), true)).toEqual({
      one: 'of city, needed, reported',
      two: 'of city, needed, reported',
    })
  })

  it('are unknown if the payload cannot be read, even if it can contain no blob', () => {
    expect(blobsIn('{"a":NaN}', blobFieldsOf({ blobs: [] }), true)).toBeUndefined()
  })

  it('in an archive are reported if they are at the paths of the registry, else at those of the archive', () => {
    expect(blobsIn(payload, archivedBlobFields({}, ['b']), true)).toEqual({ two: 'of city, needed, reported' })
    expect(blobsIn(payload, archivedBlobFields({ blobs: [] }, ['b']), true)).toEqual({ two: 'of city, needed' })
    expect(blobsIn(payload, archivedBlobFields({ blobs: ['a'] }, ['b']), true)).toEqual({
      one: ', not archived, needed and reported',
      two: 'of city, needed',
    })
    expect(blobsIn(payload, archivedBlobFields({ blobs: ['a'] }, []), false)).toEqual({ one: ', not archived' })
    expect(blobsIn(payload, archivedBlobFields({ blobs: [] }, undefined), true)).toEqual({
      one: 'of city, needed',
      two: 'of city, needed',
    })
    expect(blobsIn(payload, archivedBlobFields({ blobs: ['a'] }, undefined), false)).toEqual({
      one: 'of city, not archived',
      two: 'of city',
    })
  })
})
