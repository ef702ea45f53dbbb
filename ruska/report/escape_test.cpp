// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/escape.hpp"

#include <gtest/gtest.h>

namespace ruska::report {
namespace {

TEST(Escape, MarkupBecomesText) {
  EXPECT_EQ(escape("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
  EXPECT_EQ(escape("Kα ± 1 µm"), "Kα ± 1 µm");
}

TEST(Escape, WhatXmlForbidsIsReplaced) {
  EXPECT_EQ(escape(std::string("a\0b", 3)), "a\uFFFDb");
  EXPECT_EQ(escape("a\x01\x1F"), "a\uFFFD\uFFFD");
  EXPECT_EQ(escape("\xFF\xC3"), "\uFFFD\uFFFD");
  EXPECT_EQ(escape("\xC0\xAF"), "\uFFFD\uFFFD") << "an overlong slash";
  EXPECT_EQ(escape("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD") << "a surrogate";
  EXPECT_EQ(escape("\xEF\xBF\xBF"), "\uFFFD\uFFFD\uFFFD") << "a noncharacter";
  EXPECT_EQ(escape("one\ntwo\t"), "one\ntwo\t");
}

TEST(Escape, SpreadsheetsGetNoFormulas) {
  EXPECT_EQ(csv_text("=1+1"), "'=1+1");
  EXPECT_EQ(csv_text("+1"), "'+1");
  EXPECT_EQ(csv_text("-1"), "'-1");
  EXPECT_EQ(csv_text("@SUM(A1)"), "'@SUM(A1)");
  EXPECT_EQ(csv_text("=a,b"), "\"'=a,b\"");
  EXPECT_EQ(csv_text("say \"Fe\", please"), "\"say \"\"Fe\"\", please\"");
  EXPECT_EQ(csv_text("Fe = 3"), "Fe = 3");
  EXPECT_EQ(csv_text("two\nlines"), "\"two\nlines\"");
}

TEST(Escape, AScriptElementCannotBeEnded) {
  EXPECT_EQ(json_for_script("\"</script><!--\""), "\"\\u003c/script\\u003e\\u003c!--\"");
}

TEST(Escape, FileStemsStayInTheirFolder) {
  EXPECT_EQ(file_stem("../../etc/passwd"), "_._.._etc_passwd");
  EXPECT_EQ(file_stem("phase_map"), "phase_map");
  EXPECT_EQ(file_stem(""), "output");
  EXPECT_EQ(file_stem("Kα"), "K__");
}

TEST(Escape, Base64OfEveryRemainder) {
  const auto encoded = [](std::string_view text) { return base64(std::as_bytes(std::span(text))); };
  EXPECT_EQ(encoded(""), "");
  EXPECT_EQ(encoded("f"), "Zg==");
  EXPECT_EQ(encoded("fo"), "Zm8=");
  EXPECT_EQ(encoded("foo"), "Zm9v");
  EXPECT_EQ(encoded("foobar"), "Zm9vYmFy");
}

}  // namespace
}  // namespace ruska::report
