import { useServices } from '../services.ts'
import { resourceStoreContract } from './resource-store.contract.ts'

resourceStoreContract(useServices)
