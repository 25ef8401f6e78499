// The words of the desk around the phone, in both languages.

export const WORDS = {
  "zh-Hans": {
    desk: "开发台", citizen: "市民", language: "语言", network: "网络", scheme: "外观", inbox: "消息", problem: "代码有误，修改后自动恢复",
    consents: "数据授权", none: "没有", withdraw: "撤回", calls: "调用", no_calls: "还没有调用。", reads: "读取的个人数据", host_calls: "主机调用",
    fast: "正常", slow: "缓慢（1.5 秒）", off: "断网", auto: "跟随系统", light: "浅色", dark: "深色", ask: "请求使用您的信息", keeps: "保留",
    agree: "同意", refuse: "不同意", cashier: "收银台", bill: "账单", paid: "支付", failed: "支付失败", late: "延迟到账", twice: "通知两次",
    refunded: "支付后退款", cancelled: "取消", close: "关闭", empty: "没有消息。", cpu: "处理器", memory: "内存", offline: "网络不可用。", settings: "设置", building: "正在构建沙箱组件：",
    font: "字号", back: "返回", wall: "总时间", not_kept: "不保留", days: "天", granted: "已同意", refused: "已拒绝", allow: "允许", send: "提交",
    scan: "扫一扫", code_says: "二维码内容", subscribe: "希望给您发送消息", ban: "不再询问",
  },
  en: {
    desk: "desk", citizen: "Citizen", language: "Language", network: "Network", scheme: "Look", inbox: "Inbox", problem: "The code is broken; mend it and the phone recovers",
    consents: "Consent", none: "Nothing", withdraw: "Withdraw", calls: "Calls", no_calls: "No calls yet.", reads: "Personal data read", host_calls: "host calls",
    fast: "Normal", slow: "Slow (1.5 s)", off: "Offline", auto: "As the system", light: "Light", dark: "Dark", ask: "Asks to use your data", keeps: "Kept for",
    agree: "Agree", refuse: "Refuse", cashier: "Cashier", bill: "Bill", paid: "Pay", failed: "Fail", late: "Settle late", twice: "Notify twice",
    refunded: "Pay, then refund", cancelled: "Cancel", close: "Close", empty: "No messages.", cpu: "CPU", memory: "memory", offline: "No network.", settings: "Settings", building: "The component is being built:",
    font: "Text size", back: "Back", wall: "in all", not_kept: "Not kept", days: "days", granted: "Agreed", refused: "Refused", allow: "Allow", send: "Send",
    scan: "Scan", code_says: "What the code says", subscribe: "Would like to send you messages", ban: "Never ask again",
  },
};
