import { errorMessage } from '../../../shared/values/error-message.ts'
import { credentialsOf } from '../client/credentials.ts'
import { requestSender } from '../client/send-request.ts'
import { isLocal } from '../client/private-url.ts'
import type { Settings } from '../client/settings.ts'
import type { CommandContext } from '../command.ts'
import { durationText } from '../terminal/units.ts'
import { credentialsFinding } from './credentials-finding.ts'
import { FIRST_REQUEST, routeFindings } from './check-routes.ts'
import { failed, type Finding, ok, skipped, warning } from './finding.ts'

/** Checks the settings, the credentials, the API, the clocks, the permissions and the health of the deployment. */
export const apiFindings = async ({ settings }: CommandContext): Promise<Finding[]> => {
  const used = settings()
  const findings = settingsFindings(used)
  const credentials = isLocal(used) ? ok('credentials', 'the local program needs none') : await credentialsFinding(used)
  findings.push(credentials)
  // Without credentials and a region, requests cannot be signed.
  if (credentials.result === 'failed' || (!isLocal(used) && used.region === undefined))
    return [...findings, ...UNSENT.map((check) => skipped(check, 'needs credentials and a region'))]
  const send = requestSender(used, credentialsOf(used))
  const began = Date.now()
  let response: Response
  try {
    response = await send(FIRST_REQUEST)
    await response.body?.cancel()
  } catch (error) {
    return [
      ...findings,
      failed('reachability', errorMessage(error)),
      ...UNSENT.slice(1).map((check) => skipped(check, 'needs an API that responds')),
    ]
  }
  const ended = Date.now()
  findings.push(reachabilityFinding(response, used, ended - began))
  findings.push(clockFinding(response.headers.get('date'), began, ended))
  return [...findings, ...(await routeFindings(send))]
}

/** The checks that send requests. Their order is that of the findings. */
const UNSENT = ['reachability', 'clock', 'permissions', 'health'] as const

const settingsFindings = (settings: Settings): Finding[] => [
  ok('endpoint', `${settings.endpoint} (${settings.sources.endpoint})`),
  regionFinding(settings),
]

const regionFinding = (settings: Settings): Finding => {
  if (isLocal(settings)) return ok('region', 'the local program needs none')
  if (settings.region === undefined) return failed('region', 'is not known; set --region or AWS_REGION')
  const inHost = /\.execute-api\.([a-z0-9-]+)\./.exec(settings.endpoint)?.[1]
  return inHost === undefined || inHost === settings.region
    ? ok('region', `${settings.region} (${settings.sources.region})`)
    : failed(
        'region',
        `${settings.region} (${settings.sources.region}) is not the region of the API, ${inHost}; remove it`,
      )
}

/** Says nothing about which server has responded. The checks of the routes do. */
const reachabilityFinding = ({ status }: Response, { endpoint }: Settings, ms: number): Finding => {
  if (status < 500) return ok('reachability', `the server has responded within ${durationText(ms / 1000)}`)
  return failed(
    'reachability',
    `${endpoint} has responded with ${status}; look at the alarms and logs of the deployment`,
  )
}

/** AWS rejects a signature that is more than five minutes old or in the future. */
const MAX_SKEW_S = 300
const NOTABLE_SKEW_S = 30

/** Compares the clock of this machine with the header `Date` of a response, which is rounded to seconds. */
export const clockFinding = (header: string | null, began: number, ended: number): Finding => {
  const server = header === null ? NaN : Date.parse(header)
  if (Number.isNaN(server)) return warning('clock', 'the response has no date; the clocks cannot be compared')
  const skew = Math.max(began - (server + 1000), server - ended, 0) / 1000
  const details = `this clock differs from that of the API by ${durationText(skew)}`
  if (skew < NOTABLE_SKEW_S) return ok('clock', details)
  const advice = `${details}; synchronize it, because AWS rejects requests that are signed ${MAX_SKEW_S} s early or late`
  return skew < MAX_SKEW_S ? warning('clock', advice) : failed('clock', advice)
}
