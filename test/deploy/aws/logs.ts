import { z } from 'zod'
import type { SignedRequests } from './signed-requests.ts'

const Events = z.object({ events: z.array(z.object({ message: z.string(), timestamp: z.number() })) })

/** Returns the messages that the log group of a function received since `from` (ms) and that contain `text`. */
export const findLogMessages = async (
  requests: SignedRequests,
  { functionName, from, text }: { readonly functionName: string; readonly from: number; readonly text: string },
): Promise<string[]> => {
  const answer = await requests.call(
    'logs',
    'POST /',
    { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Logs_20140328.FilterLogEvents' },
    JSON.stringify({ logGroupName: `/aws/lambda/${functionName}`, startTime: from }),
  )
  return Events.parse(JSON.parse(answer)).events.flatMap(({ message, timestamp }) =>
    timestamp >= from && message.includes(text) ? [message] : [],
  )
}
