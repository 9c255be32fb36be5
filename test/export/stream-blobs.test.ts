import { describe, expect, it } from 'vitest'
import { frameOf, rejectHeaders, tooLargeBlob } from '../../shared/export/stream-blobs.ts'
import { SpecstarRefusesError } from '../../shared/export/errors.ts'

describe('a blob in a stream of SpecStar', () => {
  it('is rejected as a blob if its record would be too long', () => {
    const reject = () => frameOf('guild', 'file-1', 2 ** 32, 'image/png')
    expect(reject).toThrow(SpecstarRefusesError)
    expect(reject).toThrow(
      'SpecStar does not accept blob "file-1" of model guild: a record can have at most 4294967295 bytes',
    )
  })

  it('is rejected before it is read if no record can contain it', () => {
    expect(tooLargeBlob('guild', 'file-1', 5_000_000_000)).toEqual(
      new SpecstarRefusesError(
        'blob',
        'guild',
        'file-1',
        'a record of a stream can have at most 4294967295 bytes, but the blob has 5000000000',
      ),
    )
  })

  it('is rejected by a strict export if it has headers or user metadata', () => {
    const object = { bucket: 'b', key: 'k', etag: 'e', size: 1 }
    const reject = (properties: object) => () => {
      rejectHeaders('guild', 'file-1', { object, sha256: '', ...properties })
    }
    expect(reject({ content_type: 'a/b' })).not.toThrow()
    expect(reject({ headers: {}, user_metadata: {} })).not.toThrow()
    const properties = { headers: { cache_control: 'no-store' }, user_metadata: { a_b: 'x' } }
    expect(reject(properties)).toThrow(SpecstarRefusesError)
    expect(reject(properties)).toThrow(
      'SpecStar does not accept blob "file-1" of model guild: the blob has the headers cache-control, x-amz-meta-a_b, ' +
        'which a stream cannot contain; export with strict=false to omit the headers',
    )
  })
})
