import { describe, expect, it } from 'vitest'
import { parseRange } from '../../../../infra/local/s3/rules/ranges.ts'

describe('a Range header', () => {
  it.each(['bytes=', 'bytes=-', 'bytes=5-2', 'bytes=a-b', 'lines=1-2', 'bytes=0-1,3-4', undefined])(
    'of %s is ignored',
    (header) => {
      expect(parseRange(header, 10)).toBeUndefined()
    },
  )
})
