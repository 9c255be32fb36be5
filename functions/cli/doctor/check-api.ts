import { errorMessage } from '../../../shared/values/error-message.ts'
import { credentialsOf } from '../client/credentials.ts'
import { type ApiRequest, requestSender, type SendRequest } from '../client/send-request.ts'
import { isLocal, type Settings } from '../client/settings.ts'
import type { CommandContext } from '../command.ts'
import { durationText } from '../terminal/units.ts'
import { failed, type Finding, ok, warning } from './finding.ts'

/** Checks the settings, the credentials, the API, the clocks and the permissions. */
export const apiFindings = async ({ settings }: CommandContext): Promise<Finding[]> => {
  const used = settings()
  const findings = settingsFindings(used)
  const credentials = await credentialsFinding(used)
  findings.push(credentials)
  if (credentials.result === 'failed') return findings
  const send = requestSender(used, credentialsOf(used))
  const began = Date.now()
  let response: Response
  try {
    response = await send(PROBES[0].request)
    await response.body?.cancel()
  } catch (error) {
    return [...findings, failed('reachability', errorMessage(error))]
  }
  const ended = Date.now()
  findings.push(reachabilityFinding(response, used, ended - began))
  findings.push(clockFinding(response.headers.get('date'), began, ended))
  for (const probe of PROBES) findings.push(await permissionFinding(send, probe))
  return findings
}

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

/** Temporary credentials that expire within this time are reported. A job may take longer. */
const SOON_MS = 15 * 60_000

const credentialsFinding = async (settings: Settings): Promise<Finding> => {
  if (isLocal(settings)) return ok('credentials', 'the local program needs none')
  const chain = settings.profile === undefined ? 'the default credentials' : `profile ${settings.profile}`
  try {
    const { accessKeyId, expiration } = await credentialsOf(settings)()
    const key = `access key ${accessKeyId.slice(0, 4)}…${accessKeyId.slice(-4)} of ${chain}`
    if (expiration === undefined || expiration.getTime() - Date.now() > SOON_MS) return ok('credentials', key)
    return warning('credentials', `${key} expires at ${expiration.toISOString()}; sign in again before a long job`)
  } catch (error) {
    return failed(
      'credentials',
      `${chain} cannot be loaded: ${errorMessage(error)}; set --profile, or sign in with the AWS command line`,
    )
  }
}

const reachabilityFinding = ({ status }: Response, { endpoint }: Settings, ms: number): Finding => {
  if (status < 500) return ok('reachability', `the API has responded within ${durationText(ms / 1000)}`)
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

interface Probe {
  readonly name: string
  readonly request: ApiRequest
}

/** Requests that change nothing: those that start or change something are not valid, so they are rejected. */
const PROBES: readonly [Probe, ...Probe[]] = [
  { name: 'list jobs', request: { method: 'GET', path: '/_backup/jobs', query: { limit: '1' } } },
  { name: 'export', request: { method: 'POST', path: '/_backup/export', query: { wait: 'invalid' } } },
  { name: 'restore', request: { method: 'POST', path: '/_backup/import', query: { wait: 'invalid' } } },
  { name: 'check archives', request: { method: 'POST', path: '/_backup/check', query: { wait: 'invalid' } } },
  { name: 'cancel jobs', request: { method: 'POST', path: '/_backup/jobs/doctor/cancel' } },
  { name: 'list schedules', request: { method: 'GET', path: '/_backup/schedules' } },
  { name: 'explain deletions', request: { method: 'GET', path: '/_backup/prune', query: { limit: '1' } } },
]

/** The statuses of the responses to requests that are permitted. */
const PERMITTED = [200, 400, 404]

const permissionFinding = async (send: SendRequest, { name, request }: Probe): Promise<Finding> => {
  const check = `may ${name}`
  try {
    const response = await send(request)
    const body = await response.text()
    if (response.status === 403)
      return failed(
        check,
        `${request.method} ${request.path} was rejected (${body.slice(0, 200)}); ` +
          'allow execute-api:Invoke for this route in the policy of your role',
      )
    return PERMITTED.includes(response.status)
      ? ok(check, `${request.method} ${request.path}`)
      : failed(check, `${request.method} ${request.path} was answered with ${response.status}: ${body.slice(0, 200)}`)
  } catch (error) {
    return failed(check, errorMessage(error))
  }
}
