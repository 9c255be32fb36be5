import { describe, expect, it } from 'vitest'
import { BlobReferenceSet } from '../../shared/blobs/blob-references.ts'
import { collectBlobReferences } from '../../shared/resources/collect-blob-references.ts'
import type { Item } from '../../shared/tables/item.ts'

const added = async (revision: Item, spilled?: Buffer): Promise<string[]> => {
  const references: string[] = []
  const set = new BlobReferenceSet()
  set.addBlob = (model, id, needed) => references.push(`blob ${id} of ${model}, ${needed === true ? '' : 'not '}needed`)
  set.addPayload = (model, id, needed) =>
    references.push(`payload ${id} of ${model}, ${needed === true ? '' : 'not '}needed`)
  await collectBlobReferences(set, 'city', revision, (sha256) =>
    spilled === undefined ? Promise.reject(new Error(`${sha256} was read`)) : Promise.resolve(spilled),
  )
  await collectBlobReferences(set, 'city', revision, () => Promise.resolve(spilled ?? Buffer.alloc(0)), false)
  return references
}

describe('the blob references of a revision', () => {
  it('are those in its payload', async () => {
    const both = ['blob a of city, needed', 'blob a of city, not needed']
    expect(await added({ data: { S: '{"map":{"file_id":"a"}}' } })).toEqual(both)
    expect(await added({ data: { S: '{"map":{"file\\u005fid":"a"}}' } })).toEqual(both)
    expect(await added({ data: { B: Buffer.from([0x81, 0xa7, ...Buffer.from('file_id'), 0xa1, 0x61]) } })).toEqual(both)
    expect(await added({ data: { B: Buffer.from('{"file\\u005fid":"a"}') } })).toEqual(both)
  })

  it('do not exist in a payload without the key of a reference', async () => {
    expect(await added({ data: { S: '{"name":"file"}' } })).toEqual([])
    expect(await added({ data: { S: '{"name":"file_id"}' } })).toEqual([])
    expect(await added({})).toEqual([])
  })

  it('include its spilled payload', async () => {
    const spilled: Item = { data_spilled: { BOOL: true }, data_sha256: { S: '44136f' } }
    expect(await added(spilled, Buffer.from('{"map":{"file_id":"a"}}'))).toEqual([
      'payload 44136f of city, needed',
      'blob a of city, needed',
      'payload 44136f of city, not needed',
      'blob a of city, not needed',
    ])
    await expect(added(spilled)).rejects.toThrow('44136f was read')
  })
})
