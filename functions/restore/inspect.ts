import { PLAN_ITEMS } from '../../shared/jobs/messages.ts'
import { inspect } from '../../shared/restore/inspect/inspect.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('inspect', PLAN_ITEMS, inspect)
