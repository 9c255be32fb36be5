import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { ACCOUNT } from './rules/bucket-owner.ts'
import { NULL_VERSION, type ObjectVersion } from './storage/records.ts'

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
        object: z
          .object({
            key: z.string(),
            size: z.number(),
            etag: z.string(),
            'version-id': z.string().optional(),
            sequencer: z.string(),
          })
          .readonly(),
        'request-id': z.string(),
        requester: z.string(),
        'source-ip-address': z.string(),
        reason: CreationReason,
      })
      .readonly(),
  })
  .readonly()

/**
 * The EventBridge event that S3 sends when a new object can be read. The key in the event is not URL-encoded. A later
 * event of the same key has a larger `sequencer`.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 */
export type ObjectCreated = z.infer<typeof ObjectCreated>

export function objectCreated(
  bucket: string,
  key: string,
  { size, etag, versionId, sequence }: ObjectVersion,
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
      object: {
        key,
        size,
        etag,
        ...(versionId === NULL_VERSION ? {} : { 'version-id': versionId }),
        sequencer: sequence.toString(16).toUpperCase().padStart(18, '0'),
      },
      'request-id': randomUUID(),
      requester: ACCOUNT,
      'source-ip-address': '127.0.0.1',
      reason,
    },
  }
}
