import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createDigest } from '../../../../infra/local/s3/body/checksums.ts'

describe('a checksum', () => {
  it.each([
    ['crc32', 'y/Q5Jg=='],
    ['crc32c', '4waSgw=='],
    ['crc64nvme', 'rosUhgp5mIg='],
    ['sha1', createHash('sha1').update('123456789').digest('base64')],
    ['sha256', createHash('sha256').update('123456789').digest('base64')],
  ] as const)('by %s has the check value of its specification', async (name, expected) => {
    const digest = await createDigest(name)
    digest.update(Buffer.from('1234'))
    digest.update(Buffer.from('56789'))
    expect(digest.base64()).toBe(expected)
  })
})
