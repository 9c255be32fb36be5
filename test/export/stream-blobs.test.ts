import { describe, expect, it } from 'vitest'
import { frameOf } from '../../shared/export/stream-blobs.ts'
import { SpecstarRefusesError } from '../../shared/export/errors.ts'

describe('a blob in a stream of SpecStar', () => {
  it('is rejected as a blob if its record would be too long', () => {
    const reject = () => frameOf('guild', 'file-1', 2 ** 32, 'image/png')
    expect(reject).toThrow(SpecstarRefusesError)
    expect(reject).toThrow(
      'SpecStar does not accept blob "file-1" of model guild: a record can have at most 4294967295 bytes',
    )
  })
})
