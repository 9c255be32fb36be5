import { XMLParser } from 'fast-xml-parser'
import * as z from 'zod'
import type { SignedRequests } from './signed-requests.ts'

const Described = z.object({
  DescribeStacksResponse: z.object({
    DescribeStacksResult: z.object({ Stacks: z.object({ member: z.object({ StackStatus: z.string() }) }) }),
  }),
})

/** Returns the status of a stack in CloudFormation. */
export const stackStatus = async (requests: SignedRequests, stack: string): Promise<string> => {
  const xml = await requests.call(
    'cloudformation',
    'POST /',
    { 'content-type': 'application/x-www-form-urlencoded' },
    new URLSearchParams({ Action: 'DescribeStacks', StackName: stack, Version: '2010-05-15' }).toString(),
  )
  return Described.parse(new XMLParser().parse(xml)).DescribeStacksResponse.DescribeStacksResult.Stacks.member
    .StackStatus
}
