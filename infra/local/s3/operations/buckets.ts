import * as z from 'zod'
import { receiveText } from '../body/receive-body.ts'
import type { Operation } from '../call.ts'
import { emptyReply, xmlReply } from '../http/reply.ts'
import { isoTime, parseXml } from '../http/xml.ts'

const REGION = 'us-east-1'

export const listBuckets: Operation = ({ storage }) =>
  xmlReply('ListAllMyBucketsResult', {
    Owner: { ID: 'local' },
    Buckets: {
      Bucket: storage.buckets.list().map(([name, { created }]) => ({ Name: name, CreationDate: isoTime(created) })),
    },
  })

export const createBucket: Operation = async ({ request, storage }) => {
  await storage.buckets.create(request.bucket)
  return emptyReply(200, { location: `/${request.bucket}` })
}

export const headBucket: Operation = () => emptyReply(200, { 'x-amz-bucket-region': REGION })

export const deleteBucket: Operation = async ({ request, storage }) => {
  await storage.deleteBucket(request.bucket)
  return emptyReply(204)
}

/** Returns the region: an empty element means us-east-1, the only region of this service. */
export const getBucketLocation: Operation = () => xmlReply('LocationConstraint', {})

export const getBucketVersioning: Operation = ({ request, storage }) =>
  xmlReply('VersioningConfiguration', { Status: storage.buckets.get(request.bucket).versioning })

const Versioning = z.object({ VersioningConfiguration: z.object({ Status: z.enum(['Enabled', 'Suspended']) }) })

export const putBucketVersioning: Operation = async ({ request, signer, storage }) => {
  const { VersioningConfiguration } = parseXml(await receiveText(request, signer), Versioning)
  await storage.buckets.setVersioning(request.bucket, VersioningConfiguration.Status)
  return emptyReply(200)
}

/** Returns whether the bucket sends events to EventBridge. Other destinations are not supported. */
export const getBucketNotification: Operation = ({ request, storage }) =>
  xmlReply('NotificationConfiguration', {
    EventBridgeConfiguration: storage.buckets.get(request.bucket).eventBridge === true ? {} : undefined,
  })

/** An empty configuration turns all notifications off. The parser returns empty elements as empty strings. */
const Notification = z.object({
  NotificationConfiguration: z.union([z.literal(''), z.strictObject({ EventBridgeConfiguration: z.literal('') })]),
})

/** Stores the configuration. It has no effect: this service passes events of all buckets to the local program. */
export const putBucketNotification: Operation = async ({ request, signer, storage }) => {
  const { NotificationConfiguration } = parseXml(await receiveText(request, signer), Notification)
  await storage.buckets.setEventBridge(request.bucket, NotificationConfiguration !== '')
  return emptyReply(200)
}
