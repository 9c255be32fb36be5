import { inspect } from '../../shared/restore/inspect/inspect.ts'
import { INSPECT } from '../../shared/restore/messages/inspect.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('inspect', INSPECT, inspect)
