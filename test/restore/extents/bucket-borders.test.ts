import { expect, it } from 'vitest'
import { BucketBorders } from '../../../shared/restore/extents/bucket-borders.ts'

it('finds the resources that begin a digest bucket, except the first resource of the pass', () => {
  const borders = new BucketBorders()
  const buckets = ['0000', '0000', '0001', '0001', '0007', 'ffff']
  expect(buckets.map((bucket) => borders.enter(bucket))).toEqual([false, false, true, false, true, true])
})
