import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { ObjectRecord } from '../s3-records.ts'

/*
 * EventBridge events for new objects, with the raw key, as AWS sends them:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 */

export const CreationReason = z.enum(['PutObject', 'CopyObject', 'CompleteMultipartUpload'])
export type CreationReason = z.infer<typeof CreationReason>

export const ObjectCreated = z
  .object({
    version: z.literal('0'),
    id: z.string(),
    'detail-type': z.literal('Object Created'),
    source: z.literal('aws.s3'),
    account: z.string(),
    time: z.string(),
    region: z.string(),
    resources: z.array(z.string()).readonly(),
    detail: z
      .object({
        version: z.literal('0'),
        bucket: z.object({ name: z.string() }).readonly(),
        object: z.object({ key: z.string(), size: z.number(), etag: z.string(), sequencer: z.string() }).readonly(),
        'request-id': z.string(),
        requester: z.string(),
        'source-ip-address': z.string(),
        reason: CreationReason,
      })
      .readonly(),
  })
  .readonly()
/** An EventBridge event of S3: an object is there, whole. `sequencer` orders the events of one key. */
export type ObjectCreated = z.infer<typeof ObjectCreated>

const ACCOUNT = '000000000000'

let latest = 0n

export function objectCreated(
  bucket: string,
  key: string,
  record: ObjectRecord,
  reason: CreationReason,
): ObjectCreated {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Object Created',
    source: 'aws.s3',
    account: ACCOUNT,
    time: new Date().toISOString(),
    region: 'us-east-1',
    resources: [`arn:aws:s3:::${bucket}`],
    detail: {
      version: '0',
      bucket: { name: bucket },
      object: { key, size: record.size, etag: record.etag, sequencer: nextSequencer() },
      'request-id': randomUUID(),
      requester: ACCOUNT,
      'source-ip-address': '127.0.0.1',
      reason,
    },
  }
}

// By the clock, so that it grows over a restart, and by one where two fall into a millisecond.
function nextSequencer(): string {
  const now = BigInt(Date.now()) << 16n
  latest = now > latest ? now : latest + 1n
  return latest.toString(16).toUpperCase().padStart(18, '0')
}
