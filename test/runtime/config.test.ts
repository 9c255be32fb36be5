import { expect, it } from 'vitest'
import { ConfigError, formatArchiveBuckets, readConfig } from '../../shared/runtime/config.ts'

it('reads the buckets of RESTORE_FROM, with the accounts that own them', () => {
  const buckets = [{ bucket: 'named-only' }, { bucket: 'owned', account: '000000000001' }]
  expect(readConfig({ RESTORE_FROM: formatArchiveBuckets(buckets) }).restore_from).toEqual(buckets)
  expect(readConfig({ RESTORE_FROM: 'a,b,' }).restore_from).toEqual([{ bucket: 'a' }, { bucket: 'b' }])
  expect(readConfig({}).restore_from).toEqual([])
  expect(readConfig({ RESTORE_FROM: '' }).restore_from).toEqual([])
})

it.each(['a=1', '=000000000001', 'a=000000000001=b', 'a,,b'])('rejects RESTORE_FROM=%s', (RESTORE_FROM) => {
  expect(() => readConfig({ RESTORE_FROM })).toThrow(ConfigError)
  expect(() => readConfig({ RESTORE_FROM })).toThrow('must be a list of bucket or bucket=account')
})
