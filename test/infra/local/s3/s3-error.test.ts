import { describe, expect, it } from 'vitest'
import { unexpectedError } from '../../../../infra/local/s3/http/s3-error.ts'

const coded = (code: string): Error => Object.assign(new Error('reason'), { code })

describe('the answer to an unexpected error', () => {
  it('names a full disk and a data folder that cannot be used', () => {
    for (const error of [coded('ENOSPC'), coded('EDQUOT'), new Error('IO error: No space left on device')])
      expect(unexpectedError(error)).toMatchObject({ code: 'StorageFull', status: 507 })
    for (const code of ['EACCES', 'EPERM', 'EROFS'])
      expect(unexpectedError(coded(code))).toMatchObject({ code: 'AccessDenied', status: 403 })
  })

  it('does not describe any other error', () => {
    for (const error of [coded('EIO'), new Error('secret'), 'text'])
      expect(unexpectedError(error)).toMatchObject({ code: 'InternalError', status: 500 })
  })
})
