import { describe, expect, it } from 'vitest'
import { propertyDifferences } from '../../shared/blobs/property-differences.ts'

const stored = { content_type: 'a/b', headers: { cache_control: 'no-store' }, user_metadata: { owner: 'anna' } }

describe('the properties of an archived blob and of the stored blob', () => {
  it('are compared one by one', () => {
    const archived = { headers: { expires: '0' }, user_metadata: { owner: 'bob', note: 'x' } }
    expect(propertyDifferences(archived, stored)).toEqual([
      { name: 'content-type', archived: undefined, stored: 'a/b' },
      { name: 'cache-control', archived: undefined, stored: 'no-store' },
      { name: 'expires', archived: '0', stored: undefined },
      { name: 'x-amz-meta-note', archived: 'x', stored: undefined },
      { name: 'x-amz-meta-owner', archived: 'bob', stored: 'anna' },
    ])
  })

  it('differ only in the content type if the archive states no headers', () => {
    expect(propertyDifferences({ content_type: 'a/b' }, stored)).toEqual([])
    expect(propertyDifferences({ content_type: 'c/d' }, stored)).toHaveLength(1)
    expect(propertyDifferences({}, stored)).toEqual([])
    expect(propertyDifferences({ content_type: '' }, stored)).toEqual([])
  })

  it('are equal except for aws-chunked in the content encoding, which S3 does not store', () => {
    const both = { content_disposition: 'aws-chunked' }
    const archived = { headers: { ...both, content_encoding: 'aws-chunked' } }
    expect(propertyDifferences(archived, { headers: both, user_metadata: {} })).toEqual([])
  })

  it('are equal if user metadata is the same text in another encoding', () => {
    const archived = { headers: {}, user_metadata: { owner: '=?UTF-8?Q?Zo=C3=AB?=' } }
    const other = { headers: {}, user_metadata: { owner: '=?UTF-8?B?Wm/Dqw==?=' } }
    expect(propertyDifferences(archived, other)).toEqual([])
  })

  it('differ if S3 cannot return all user metadata of the stored blob', () => {
    expect(propertyDifferences({ headers: {} }, { headers: {}, user_metadata: {}, fault: 'not returned' })).toEqual([
      { name: 'x-amz-meta', archived: undefined, stored: 'not returned' },
    ])
  })
})
