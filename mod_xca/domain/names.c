#include "domain/names.h"

#include <stdlib.h>
#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "base/text.h"

#define NAME_MAX_POINTS 200 /* code points of a name that are indexed */

/* Variants of one character as they occur in names of organisations and places: the first is folded
 * into the second. Sorted by the first. */
static const long variants[][2] = {
    {0x4e07, 0x842c}, /* 万 萬 */
    {0x4e0e, 0x8207}, /* 与 與 */
    {0x4e80, 0x9f9c}, /* 亀 龜 */
    {0x4ea7, 0x7522}, /* 产 產 */
    {0x4f1a, 0x6703}, /* 会 會 */
    {0x4f53, 0x9ad4}, /* 体 體 */
    {0x5185, 0x5167}, /* 内 內 */
    {0x51b2, 0x6c96}, /* 冲 沖 */
    {0x51b3, 0x6c7a}, /* 决 決 */
    {0x51b5, 0x6cc1}, /* 况 況 */
    {0x51c0, 0x6de8}, /* 净 淨 */
    {0x51c9, 0x6dbc}, /* 凉 涼 */
    {0x51cf, 0x6e1b}, /* 减 減 */
    {0x51d6, 0x6e96}, /* 凖 準 */
    {0x533b, 0x91ab}, /* 医 醫 */
    {0x5367, 0x81e5}, /* 卧 臥 */
    {0x53a0, 0x5ec1}, /* 厠 廁 */
    {0x53a6, 0x5ec8}, /* 厦 廈 */
    {0x53b0, 0x5ee0}, /* 厰 廠 */
    {0x53cc, 0x96d9}, /* 双 雙 */
    {0x53d9, 0x6558}, /* 叙 敘 */
    {0x53f0, 0x81fa}, /* 台 臺 */
    {0x53f7, 0x865f}, /* 号 號 */
    {0x5415, 0x5442}, /* 吕 呂 */
    {0x542f, 0x555f}, /* 启 啟 */
    {0x5434, 0x5433}, /* 吴 吳 */
    {0x5449, 0x5433}, /* 呉 吳 */
    {0x5553, 0x555f}, /* 啓 啟 */
    {0x55b6, 0x71df}, /* 営 營 */
    {0x5650, 0x5668}, /* 噐 器 */
    {0x56d8, 0x56de}, /* 囘 回 */
    {0x56ec, 0x56de}, /* 囬 回 */
    {0x56f3, 0x5716}, /* 図 圖 */
    {0x56fd, 0x570b}, /* 国 國 */
    {0x577f, 0x9644}, /* 坿 附 */
    {0x5826, 0x968e}, /* 堦 階 */
    {0x5869, 0x9e7d}, /* 塩 鹽 */
    {0x5897, 0x589e}, /* 増 增 */
    {0x58ee, 0x58ef}, /* 壮 壯 */
    {0x58f0, 0x8072}, /* 声 聲 */
    {0x58f1, 0x58f9}, /* 壱 壹 */
    {0x58f2, 0x8ce3}, /* 売 賣 */
    {0x5900, 0x58fd}, /* 夀 壽 */
    {0x5965, 0x5967}, /* 奥 奧 */
    {0x59ac, 0x5992}, /* 妬 妒 */
    {0x5a2f, 0x5a1b}, /* 娯 娛 */
    {0x5b66, 0x5b78}, /* 学 學 */
    {0x5b9d, 0x5bf6}, /* 宝 寶 */
    {0x5bab, 0x5bae}, /* 宫 宮 */
    {0x5bd5, 0x5be7}, /* 寕 寧 */
    {0x5bdb, 0x5bec}, /* 寛 寬 */
    {0x5bf3, 0x5bf6}, /* 寳 寶 */
    {0x5bfe, 0x5c0d}, /* 対 對 */
    {0x5bff, 0x58fd}, /* 寿 壽 */
    {0x5c02, 0x5c08}, /* 専 專 */
    {0x5c05, 0x524b}, /* 尅 剋 */
    {0x5c06, 0x5c07}, /* 将 將 */
    {0x5c19, 0x5c1a}, /* 尙 尚 */
    {0x5c4a, 0x5c46}, /* 届 屆 */
    {0x5cef, 0x5cf0}, /* 峯 峰 */
    {0x5d57, 0x6b72}, /* 嵗 歲 */
    {0x5d8b, 0x5cf6}, /* 嶋 島 */
    {0x5d8c, 0x5cf6}, /* 嶌 島 */
    {0x5dcc, 0x5dd6}, /* 巌 巖 */
    {0x5de3, 0x5de2}, /* 巣 巢 */
    {0x5dff, 0x5e02}, /* 巿 市 */
    {0x5e2f, 0x5e36}, /* 帯 帶 */
    {0x5e76, 0x4e26}, /* 并 並 */
    {0x5e77, 0x4e26}, /* 幷 並 */
    {0x5e81, 0x5ef3}, /* 庁 廳 */
    {0x5e83, 0x5ee3}, /* 広 廣 */
    {0x5e84, 0x838a}, /* 庄 莊 */
    {0x5ed0, 0x5ec4}, /* 廐 廄 */
    {0x5ef0, 0x5ef3}, /* 廰 廳 */
    {0x5f3a, 0x5f37}, /* 强 強 */
    {0x5f3e, 0x5f48}, /* 弾 彈 */
    {0x5f66, 0x5f65}, /* 彦 彥 */
    {0x5f93, 0x5f9e}, /* 従 從 */
    {0x5fb3, 0x5fb7}, /* 徳 德 */
    {0x5fb4, 0x5fb5}, /* 徴 徵 */
    {0x5fdc, 0x61c9}, /* 応 應 */
    {0x6046, 0x6052}, /* 恆 恒 */
    {0x604a, 0x5354}, /* 恊 協 */
    {0x6075, 0x60e0}, /* 恵 惠 */
    {0x60a6, 0x6085}, /* 悦 悅 */
    {0x60aa, 0x60e1}, /* 悪 惡 */
    {0x614e, 0x613c}, /* 慎 愼 */
    {0x6187, 0x61a9}, /* 憇 憩 */
    {0x61d0, 0x61f7}, /* 懐 懷 */
    {0x6226, 0x6230}, /* 戦 戰 */
    {0x6237, 0x6236}, /* 户 戶 */
    {0x6238, 0x6236}, /* 戸 戶 */
    {0x629c, 0x62d4}, /* 抜 拔 */
    {0x629e, 0x64c7}, /* 択 擇 */
    {0x62dd, 0x62dc}, /* 拝 拜 */
    {0x62e1, 0x64f4}, /* 拡 擴 */
    {0x6319, 0x8209}, /* 挙 舉 */
    {0x633f, 0x63d2}, /* 挿 插 */
    {0x635c, 0x641c}, /* 捜 搜 */
    {0x63b2, 0x63ed}, /* 掲 揭 */
    {0x63fa, 0x6416}, /* 揺 搖 */
    {0x6442, 0x651d}, /* 摂 攝 */
    {0x6483, 0x64ca}, /* 撃 擊 */
    {0x64e7, 0x8209}, /* 擧 舉 */
    {0x654d, 0x6558}, /* 敍 敘 */
    {0x654e, 0x6559}, /* 敎 教 */
    {0x6589, 0x9f4a}, /* 斉 齊 */
    {0x658e, 0x9f4b}, /* 斎 齋 */
    {0x65ad, 0x65b7}, /* 断 斷 */
    {0x65e3, 0x65e2}, /* 旣 既 */
    {0x65e7, 0x820a}, /* 旧 舊 */
    {0x6630, 0x662f}, /* 昰 是 */
    {0x663b, 0x6602}, /* 昻 昂 */
    {0x664b, 0x6649}, /* 晋 晉 */
    {0x6669, 0x665a}, /* 晩 晚 */
    {0x6681, 0x66c9}, /* 暁 曉 */
    {0x66a6, 0x66c6}, /* 暦 曆 */
    {0x66fd, 0x66fe}, /* 曽 曾 */
    {0x6702, 0x52d6}, /* 朂 勖 */
    {0x6736, 0x6735}, /* 朶 朵 */
    {0x6761, 0x689d}, /* 条 條 */
    {0x6765, 0x4f86}, /* 来 來 */
    {0x67a2, 0x6a1e}, /* 枢 樞 */
    {0x67cf, 0x6822}, /* 柏 栢 */
    {0x6801, 0x67f3}, /* 栁 柳 */
    {0x6804, 0x69ae}, /* 栄 榮 */
    {0x685c, 0x6afb}, /* 桜 櫻 */
    {0x685e, 0x67f3}, /* 桞 柳 */
    {0x685f, 0x68e7}, /* 桟 棧 */
    {0x691c, 0x6aa2}, /* 検 檢 */
    {0x697c, 0x6a13}, /* 楼 樓 */
    {0x697d, 0x6a02}, /* 楽 樂 */
    {0x69d8, 0x6a23}, /* 様 樣 */
    {0x69ea, 0x6982}, /* 槪 概 */
    {0x6a2a, 0x6a6b}, /* 横 橫 */
    {0x6b53, 0x6b61}, /* 歓 歡 */
    {0x6b69, 0x6b65}, /* 歩 步 */
    {0x6b6f, 0x9f52}, /* 歯 齒 */
    {0x6b73, 0x6b72}, /* 歳 歲 */
    {0x6b74, 0x6b77}, /* 歴 歷 */
    {0x6b8b, 0x6b98}, /* 残 殘 */
    {0x6bbb, 0x6bbc}, /* 殻 殼 */
    {0x6bce, 0x6bcf}, /* 毎 每 */
    {0x6c17, 0x6c23}, /* 気 氣 */
    {0x6c37, 0x51b0}, /* 氷 冰 */
    {0x6c61, 0x6c59}, /* 污 汙 */
    {0x6ca1, 0x6c92}, /* 没 沒 */
    {0x6ca2, 0x6fa4}, /* 沢 澤 */
    {0x6cea, 0x6dda}, /* 泪 淚 */
    {0x6d44, 0x6de8}, /* 浄 淨 */
    {0x6d5c, 0x6ff1}, /* 浜 濱 */
    {0x6d99, 0x6dda}, /* 涙 淚 */
    {0x6df8, 0x6e05}, /* 淸 清 */
    {0x6e08, 0x6fdf}, /* 済 濟 */
    {0x6e09, 0x6d89}, /* 渉 涉 */
    {0x6e13, 0x6eaa}, /* 渓 溪 */
    {0x6e29, 0x6eab}, /* 温 溫 */
    {0x6e7e, 0x7063}, /* 湾 灣 */
    {0x6e80, 0x6eff}, /* 満 滿 */
    {0x6edd, 0x7027}, /* 滝 瀧 */
    {0x6f45, 0x704c}, /* 潅 灌 */
    {0x6f5c, 0x6f5b}, /* 潜 潛 */
    {0x6ff3, 0x6f5b}, /* 濳 潛 */
    {0x6ff6, 0x95ca}, /* 濶 闊 */
    {0x702c, 0x7028}, /* 瀬 瀨 */
    {0x707e, 0x707d}, /* 灾 災 */
    {0x7089, 0x7210}, /* 炉 爐 */
    {0x70b9, 0x9ede}, /* 点 點 */
    {0x713c, 0x71d2}, /* 焼 燒 */
    {0x7155, 0x7199}, /* 煕 熙 */
    {0x7188, 0x7199}, /* 熈 熙 */
    {0x7232, 0x70ba}, /* 爲 為 */
    {0x7240, 0x5e8a}, /* 牀 床 */
    {0x7281, 0x7282}, /* 犁 犂 */
    {0x72b6, 0x72c0}, /* 状 狀 */
    {0x72ec, 0x7368}, /* 独 獨 */
    {0x734e, 0x596c}, /* 獎 奬 */
    {0x7363, 0x7378}, /* 獣 獸 */
    {0x73ce, 0x73cd}, /* 珎 珍 */
    {0x7476, 0x7464}, /* 瑶 瑤 */
    {0x750e, 0x78da}, /* 甎 磚 */
    {0x7523, 0x7522}, /* 産 產 */
    {0x753b, 0x756b}, /* 画 畫 */
    {0x7571, 0x7559}, /* 畱 留 */
    {0x7573, 0x758a}, /* 畳 疊 */
    {0x7575, 0x756b}, /* 畵 畫 */
    {0x758e, 0x758f}, /* 疎 疏 */
    {0x767a, 0x767c}, /* 発 發 */
    {0x768b, 0x7690}, /* 皋 皐 */
    {0x76b7, 0x9f13}, /* 皷 鼓 */
    {0x76d6, 0x84cb}, /* 盖 蓋 */
    {0x76d7, 0x76dc}, /* 盗 盜 */
    {0x770c, 0x7e23}, /* 県 縣 */
    {0x771e, 0x771f}, /* 眞 真 */
    {0x7881, 0x68cb}, /* 碁 棋 */
    {0x792e, 0x70ae}, /* 礮 炮 */
    {0x793c, 0x79ae}, /* 礼 禮 */
    {0x7955, 0x79d8}, /* 祕 秘 */
    {0x7984, 0x797f}, /* 禄 祿 */
    {0x7985, 0x79aa}, /* 禅 禪 */
    {0x79cc, 0x79cb}, /* 秌 秋 */
    {0x79f0, 0x7a31}, /* 称 稱 */
    {0x7a0e, 0x7a05}, /* 税 稅 */
    {0x7a32, 0x7a3b}, /* 稲 稻 */
    {0x7a42, 0x7a57}, /* 穂 穗 */
    {0x7a4f, 0x7a69}, /* 穏 穩 */
    {0x7a93, 0x7a97}, /* 窓 窗 */
    {0x7abb, 0x7a97}, /* 窻 窗 */
    {0x7ad2, 0x5947}, /* 竒 奇 */
    {0x7adc, 0x9f8d}, /* 竜 龍 */
    {0x7aea, 0x8c4e}, /* 竪 豎 */
    {0x7b4d, 0x7b0b}, /* 筍 笋 */
    {0x7c9b, 0x8085}, /* 粛 肅 */
    {0x7cae, 0x7ce7}, /* 粮 糧 */
    {0x7cf8, 0x7d72}, /* 糸 絲 */
    {0x7d4c, 0x7d93}, /* 経 經 */
    {0x7d75, 0x7e6a}, /* 絵 繪 */
    {0x7d99, 0x7e7c}, /* 継 繼 */
    {0x7d9a, 0x7e8c}, /* 続 續 */
    {0x7dab, 0x7dda}, /* 綫 線 */
    {0x7dcf, 0x7e3d}, /* 総 總 */
    {0x7dd1, 0x7da0}, /* 緑 綠 */
    {0x7e01, 0x7de3}, /* 縁 緣 */
    {0x7e04, 0x7e69}, /* 縄 繩 */
    {0x7e4a, 0x7e96}, /* 繊 纖 */
    {0x7fa3, 0x7fa4}, /* 羣 群 */
    {0x7fc6, 0x7fe0}, /* 翆 翠 */
    {0x803b, 0x6065}, /* 耻 恥 */
    {0x8054, 0x806f}, /* 联 聯 */
    {0x8061, 0x8070}, /* 聡 聰 */
    {0x8068, 0x806f}, /* 聨 聯 */
    {0x80c6, 0x81bd}, /* 胆 膽 */
    {0x8109, 0x8108}, /* 脉 脈 */
    {0x811a, 0x8173}, /* 脚 腳 */
    {0x8131, 0x812b}, /* 脱 脫 */
    {0x8133, 0x8166}, /* 脳 腦 */
    {0x8193, 0x8178}, /* 膓 腸 */
    {0x81d3, 0x81df}, /* 臓 臟 */
    {0x820e, 0x820d}, /* 舎 舍 */
    {0x8218, 0x9928}, /* 舘 館 */
    {0x8276, 0x8277}, /* 艶 艷 */
    {0x8278, 0x8349}, /* 艸 草 */
    {0x8318, 0x8354}, /* 茘 荔 */
    {0x8345, 0x7b54}, /* 荅 答 */
    {0x8358, 0x838a}, /* 荘 莊 */
    {0x83b1, 0x840a}, /* 莱 萊 */
    {0x848b, 0x8523}, /* 蒋 蔣 */
    {0x8535, 0x85cf}, /* 蔵 藏 */
    {0x8574, 0x860a}, /* 蕴 蘊 */
    {0x85ab, 0x85b0}, /* 薫 薰 */
    {0x85ac, 0x85e5}, /* 薬 藥 */
    {0x85f4, 0x860a}, /* 藴 蘊 */
    {0x8613, 0x8607}, /* 蘓 蘇 */
    {0x865a, 0x865b}, /* 虚 虛 */
    {0x8846, 0x773e}, /* 衆 眾 */
    {0x885e, 0x885b}, /* 衞 衛 */
    {0x88c5, 0x88dd}, /* 装 裝 */
    {0x88cf, 0x88e1}, /* 裏 裡 */
    {0x8943, 0x8912}, /* 襃 褒 */
    {0x899a, 0x89ba}, /* 覚 覺 */
    {0x89a7, 0x89bd}, /* 覧 覽 */
    {0x89b3, 0x89c0}, /* 観 觀 */
    {0x89e6, 0x89f8}, /* 触 觸 */
    {0x8a33, 0x8b6f}, /* 訳 譯 */
    {0x8aac, 0x8aaa}, /* 説 說 */
    {0x8aad, 0x8b80}, /* 読 讀 */
    {0x8b21, 0x8b20}, /* 謡 謠 */
    {0x8b72, 0x8b93}, /* 譲 讓 */
    {0x8c3f, 0x6eaa}, /* 谿 溪 */
    {0x8c4a, 0x8c50}, /* 豊 豐 */
    {0x8cad, 0x8cea}, /* 貭 質 */
    {0x8cce, 0x8ce4}, /* 賎 賤 */
    {0x8cdb, 0x8d0a}, /* 賛 贊 */
    {0x8d5e, 0x8d0a}, /* 赞 贊 */
    {0x8e2a, 0x8e64}, /* 踪 蹤 */
    {0x8ee2, 0x8f49}, /* 転 轉 */
    {0x8efd, 0x8f15}, /* 軽 輕 */
    {0x8f0c, 0x8f1b}, /* 輌 輛 */
    {0x8f9e, 0x8fad}, /* 辞 辭 */
    {0x8fba, 0x908a}, /* 辺 邊 */
    {0x9039, 0x9054}, /* 逹 達 */
    {0x9045, 0x9072}, /* 遅 遲 */
    {0x9065, 0x9059}, /* 遥 遙 */
    {0x90a8, 0x6751}, /* 邨 村 */
    {0x90f7, 0x9109}, /* 郷 鄉 */
    {0x9115, 0x9109}, /* 鄕 鄉 */
    {0x9154, 0x9189}, /* 酔 醉 */
    {0x91a4, 0x91ac}, /* 醤 醬 */
    {0x91c8, 0x91cb}, /* 釈 釋 */
    {0x920e, 0x9264}, /* 鈎 鉤 */
    {0x9244, 0x9435}, /* 鉄 鐵 */
    {0x9271, 0x7926}, /* 鉱 礦 */
    {0x92ad, 0x9322}, /* 銭 錢 */
    {0x92ed, 0x92b3}, /* 鋭 銳 */
    {0x932c, 0x934a}, /* 錬 鍊 */
    {0x9332, 0x9304}, /* 録 錄 */
    {0x938c, 0x942e}, /* 鎌 鐮 */
    {0x93ad, 0x93ae}, /* 鎭 鎮 */
    {0x9451, 0x9452}, /* 鑑 鑒 */
    {0x95a2, 0x95dc}, /* 関 關 */
    {0x95b2, 0x95b1}, /* 閲 閱 */
    {0x95d8, 0x9b25}, /* 闘 鬥 */
    {0x9665, 0x9677}, /* 陥 陷 */
    {0x967a, 0x96aa}, /* 険 險 */
    {0x968f, 0x96a8}, /* 随 隨 */
    {0x96a0, 0x96b1}, /* 隠 隱 */
    {0x96a3, 0x9130}, /* 隣 鄰 */
    {0x96b7, 0x96b8}, /* 隷 隸 */
    {0x96d1, 0x96dc}, /* 雑 雜 */
    {0x970a, 0x9748}, /* 霊 靈 */
    {0x9751, 0x9752}, /* 靑 青 */
    {0x9759, 0x975c}, /* 静 靜 */
    {0x9825, 0x9824}, /* 頥 頤 */
    {0x982c, 0x9830}, /* 頬 頰 */
    {0x983c, 0x8cf4}, /* 頼 賴 */
    {0x9854, 0x984f}, /* 顔 顏 */
    {0x9855, 0x986f}, /* 顕 顯 */
    {0x98dc, 0x7ffb}, /* 飜 翻 */
    {0x99c5, 0x9a5b}, /* 駅 驛 */
    {0x9a12, 0x9a37}, /* 騒 騷 */
    {0x9a13, 0x9a57}, /* 験 驗 */
    {0x9ad9, 0x9ad8}, /* 髙 高 */
    {0x9aea, 0x9aee}, /* 髪 髮 */
    {0x9b02, 0x9b22}, /* 鬂 鬢 */
    {0x9b2a, 0x9b25}, /* 鬪 鬥 */
    {0x9b72, 0x9c78}, /* 魲 鱸 */
    {0x9cef, 0x9cf3}, /* 鳯 鳳 */
    {0x9d0e, 0x9dd7}, /* 鴎 鷗 */
    {0x9d8f, 0x96de}, /* 鶏 雞 */
    {0x9dc4, 0x96de}, /* 鷄 雞 */
    {0x9eaa, 0x9eb5}, /* 麪 麵 */
    {0x9eb9, 0x9eb4}, /* 麹 麴 */
    {0x9eba, 0x9eb5}, /* 麺 麵 */
    {0x9ec4, 0x9ec3}, /* 黄 黃 */
    {0x9ed2, 0x9ed1}, /* 黒 黑 */
    {0x9f62, 0x9f61}, /* 齢 齡 */
    {0x9f9d, 0x79cb}, /* 龝 秋 */
};
#define VARIANT_COUNT ((int)(sizeof(variants) / sizeof(variants[0])))

static int compare_variant(const void *key, const void *row) {
    long wanted = *(const long *)key, here = *(const long *)row;

    return wanted < here ? -1 : wanted > here;
}

/* White space, punctuation, brackets, dashes, marks: what people leave out or type differently.
 * U+3005 (々) and U+3007 (〇) are characters of names and stay. */
static int is_dropped(long c) {
    if (c < 0x80) {
        return !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'));
    }
    return c < 0xc0 || c == 0xd7 || c == 0xf7 || (c >= 0x2000 && c <= 0x206f) ||
           (c >= 0x2190 && c <= 0x245f) || (c >= 0x2500 && c <= 0x27bf) ||
           (c >= 0x3000 && c <= 0x303f && c != 0x3005 && c != 0x3007) || c == 0x30fb ||
           (c >= 0xfe00 && c <= 0xfe6f) || c == 0xfeff || (c >= 0xff5f && c <= 0xff65) ||
           (c >= 0xffe0 && c <= 0xffff);
}

long xca_name_fold_point(long c) {
    const long(*row)[2];

    if (c >= 0xff01 && c <= 0xff5e) {
        c -= 0xfee0;
    }
    if ((c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7)) {
        c += 0x20;
    }
    if (c < 0 || is_dropped(c)) {
        return 0;
    }
    row = bsearch(&c, variants, VARIANT_COUNT, sizeof(variants[0]), compare_variant);
    return row != NULL ? (*row)[1] : c;
}

char *xca_name_fold(apr_pool_t *pool, const char *name) {
    const char *end = name + strlen(name);
    /* A folded character is at most one byte longer than it was: all in the table have three. */
    char *folded = apr_palloc(pool, (apr_size_t)(end - name) + 4);
    char *to = folded;

    while (name < end) {
        long c = xca_name_fold_point(xca_text_next(&name, end));

        if (c != 0) {
            to += xca_text_put(to, c);
        }
    }
    *to = '\0';
    return folded;
}

static void add_gram(apr_array_header_t *grams, apr_hash_t *seen, const char *start,
                     const char *end) {
    char *gram;

    if (apr_hash_get(seen, start, end - start) != NULL) {
        return;
    }
    gram = apr_pstrmemdup(grams->pool, start, (apr_size_t)(end - start));
    apr_hash_set(seen, gram, end - start, gram);
    APR_ARRAY_PUSH(grams, char *) = gram;
}

/* Adds the distinct pairs of the first `limit` characters, and the singles with them if asked. */
static apr_array_header_t *grams_of(apr_pool_t *pool, const char *folded, int limit, int singles) {
    apr_array_header_t *grams = apr_array_make(pool, 64, sizeof(char *));
    apr_hash_t *seen = apr_hash_make(pool);
    const char *end = folded + strlen(folded);
    const char *previous = NULL, *start = folded;
    int count;

    for (count = 0; start < end && count < limit; count++) {
        const char *next = start;

        xca_text_next(&next, end);
        if (singles) {
            add_gram(grams, seen, start, next);
        }
        if (previous != NULL) {
            add_gram(grams, seen, previous, next);
        }
        previous = start;
        start = next;
    }
    if (!singles && count == 1) {
        add_gram(grams, seen, folded, start);
    }
    return grams;
}

apr_array_header_t *xca_name_grams(apr_pool_t *pool, const char *folded) {
    return grams_of(pool, folded, NAME_MAX_POINTS, 1);
}

apr_array_header_t *xca_keyword_grams(apr_pool_t *pool, const char *folded) {
    return grams_of(pool, folded, XCA_KEYWORD_MAX, 0);
}
