import * as z from 'zod'
import type { SignedRequests } from './signed-requests.ts'

const Page = z.object({
  events: z.array(z.object({ message: z.string(), timestamp: z.number() })),
  nextToken: z.string().optional(),
})

/** Returns the messages that the log group of a function received since `from` (ms) and that contain `text`. */
export const findLogMessages = async (
  requests: SignedRequests,
  { functionName, from = 0, text }: { readonly functionName: string; readonly from?: number; readonly text: string },
): Promise<string[]> => {
  const found: string[] = []
  let nextToken: string | undefined
  do {
    const answer = await requests.call(
      'logs',
      'POST /',
      { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Logs_20140328.FilterLogEvents' },
      JSON.stringify({ logGroupName: `/aws/lambda/${functionName}`, startTime: from, nextToken }),
    )
    const page = Page.parse(JSON.parse(answer))
    for (const { message } of page.events) if (message.includes(text)) found.push(message)
    nextToken = page.nextToken
  } while (nextToken !== undefined)
  return found
}
