import { XMLParser } from 'fast-xml-parser'
import * as z from 'zod'
import type { SignedRequests } from './signed-requests.ts'

const Listed = z.object({
  ListDashboardsResponse: z.object({
    ListDashboardsResult: z.object({
      DashboardEntries: z.object({ member: z.array(z.object({ DashboardName: z.string() })) }),
    }),
  }),
})

/** Returns the names of all dashboards of the account. */
export const dashboardNames = async (requests: SignedRequests): Promise<string[]> => {
  const xml = await requests.call(
    'monitoring',
    'POST /',
    { 'content-type': 'application/x-www-form-urlencoded' },
    new URLSearchParams({ Action: 'ListDashboards', Version: '2010-08-01' }).toString(),
  )
  const parsed: unknown = new XMLParser({ isArray: (name) => name === 'member' }).parse(xml)
  return Listed.parse(parsed).ListDashboardsResponse.ListDashboardsResult.DashboardEntries.member.map(
    ({ DashboardName }) => DashboardName,
  )
}
