import * as z from 'zod'
import type { SignedRequests } from './signed-requests.ts'

const Url = z.object({ QueueUrls: z.array(z.string()).optional() })
const Received = z.object({ Messages: z.array(z.object({ Body: z.string(), ReceiptHandle: z.string() })).optional() })

/** Receives and deletes up to ten messages of the only queue whose name starts with `prefix`. Returns their bodies. */
export const receiveMessages = async (requests: SignedRequests, prefix: string): Promise<unknown[]> => {
  const call = (action: string, body: object): Promise<string> =>
    requests.call(
      'sqs',
      'POST /',
      { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` },
      JSON.stringify(body),
    )
  const { QueueUrls = [] } = Url.parse(JSON.parse(await call('ListQueues', { QueueNamePrefix: prefix })))
  const [QueueUrl] = QueueUrls
  if (QueueUrls.length !== 1) throw new Error(`${QueueUrls.length} queues have names that start with ${prefix}`)
  const received = Received.parse(JSON.parse(await call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 })))
  const messages = received.Messages ?? []
  for (const { ReceiptHandle } of messages) await call('DeleteMessage', { QueueUrl, ReceiptHandle })
  return messages.map(({ Body }) => JSON.parse(Body) as unknown)
}
