import { accountItems } from '../../shared/export/account-items.ts'
import { RUN_ACCOUNT_PASSES } from '../../shared/export/messages.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('account-items', RUN_ACCOUNT_PASSES, accountItems)
